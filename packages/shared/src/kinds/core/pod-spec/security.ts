import type { PodSpec, SecurityContext } from 'kubernetes-types/core/v1';
import {
  duplicate,
  type FieldError,
  invalidValue,
  nonNegative,
  notSupported,
  required,
} from '../../../meta/field-error';
import { validateLocalPath } from '../volume-sources';
import { validateWindowsOptions } from './windows';

/** Types of profiles, for seccomp and AppArmor alike. */
const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

/** The security settings of one container. */
export function validateContainerSecurity(
  context: SecurityContext | undefined,
  path: string,
  { hostUsers = true }: Pick<PodSpec, 'hostUsers'>,
): FieldError[] {
  if (!context) return [];
  const errors = [
    ...appArmor(context.appArmorProfile, `${path}.appArmorProfile`),
    ...userId(context.runAsUser, `${path}.runAsUser`),
    ...userId(context.runAsGroup, `${path}.runAsGroup`),
    ...seccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
  ];
  const { procMount } = context;
  if (procMount !== undefined && !['Default', 'Unmasked'].includes(procMount)) {
    errors.push(notSupported(`${path}.procMount`, procMount, ['Default', 'Unmasked']));
  }
  if (procMount === 'Unmasked' && hostUsers) {
    errors.push(invalidValue(`${path}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) {
      errors.push(
        invalidValue(
          path,
          context,
          'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
        ),
      );
    }
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      errors.push(
        invalidValue(
          path,
          context,
          'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
        ),
      );
    }
  }
  return errors;
}

/** The security settings of the pod as a whole. */
export function validatePodSecurity(spec: PodSpec, path: string): FieldError[] {
  const context = spec.securityContext;
  const errors: FieldError[] = [];
  if (spec.shareProcessNamespace && spec.hostPID) {
    errors.push(
      invalidValue(
        `${path}.securityContext.shareProcessNamespace`,
        true,
        'ShareProcessNamespace and HostPID cannot both be enabled',
      ),
    );
  }
  if (!context) return errors;
  const at = `${path}.securityContext`;
  errors.push(
    ...userId(context.fsGroup, `${at}.fsGroup`),
    ...userId(context.runAsUser, `${at}.runAsUser`),
    ...userId(context.runAsGroup, `${at}.runAsGroup`),
    ...seccomp(context.seccompProfile, `${at}.seccompProfile`),
    ...validateWindowsOptions(context.windowsOptions, `${at}.windowsOptions`),
  );
  for (const [i, group] of (context.supplementalGroups ?? []).entries()) {
    errors.push(...userId(group, `${at}.supplementalGroups[${i}]`));
  }
  errors.push(...validateSysctls(spec, at));
  const policy = context.fsGroupChangePolicy;
  if (policy !== undefined && policy !== 'Always' && policy !== 'OnRootMismatch') {
    errors.push(notSupported(`${at}.fsGroupChangePolicy`, policy, ['Always', 'OnRootMismatch']));
  }
  return [...errors, ...appArmor(context.appArmorProfile, `${at}.appArmorProfile`)];
}

/** Which namespace of the host a kernel setting belongs to. */
function namespaceOf(sysctl: string): 'hostIPC' | 'hostNetwork' | undefined {
  const name = sysctl.replaceAll('/', '.');
  if (name.startsWith('net.')) return 'hostNetwork';
  return /^(kernel\.(sem$|shm|msg)|fs\.mqueue\.)/.test(name) ? 'hostIPC' : undefined;
}

function validateSysctls(spec: PodSpec, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, sysctl] of (spec.securityContext?.sysctls ?? []).entries()) {
    const field = `${at}.sysctls[${i}].name`;
    if (!sysctl.name) errors.push(required(field));
    else if (
      sysctl.name.length > 253 ||
      !/^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/.test(sysctl.name)
    ) {
      errors.push(
        invalidValue(
          field,
          sysctl.name,
          'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
        ),
      );
    } else if (names.has(sysctl.name)) {
      errors.push(duplicate(field, sysctl.name));
    }
    names.add(sysctl.name);
    const shared = namespaceOf(sysctl.name);
    if (shared && spec[shared]) {
      errors.push(invalidValue(field, sysctl.name, `may not be specified when '${shared}' is true`));
    }
  }
  return errors;
}

function userId(value: number | undefined, path: string): FieldError[] {
  if (value === undefined) return [];
  return value < 0 || value > 2 ** 31 - 1
    ? [invalidValue(path, value, 'must be between 0 and 2147483647, inclusive')]
    : nonNegative(path, value);
}

function seccomp(profile: SecurityContext['seccompProfile'], path: string): FieldError[] {
  if (!profile) return [];
  const errors: FieldError[] = [];
  if (!profile.type) errors.push(required(`${path}.type`, 'type is required when seccompProfile is set'));
  else if (!PROFILE_TYPES.includes(profile.type))
    errors.push(notSupported(`${path}.type`, profile.type, PROFILE_TYPES));
  const local = profile.localhostProfile;
  if (profile.type === 'Localhost') {
    return local === undefined
      ? [required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost')]
      : validateLocalPath(local, `${path}.localhostProfile`);
  }
  if (local !== undefined) {
    errors.push(
      invalidValue(`${path}.localhostProfile`, local, 'can only be set when seccomp type is Localhost'),
    );
  }
  return errors;
}

function appArmor(profile: SecurityContext['appArmorProfile'], path: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile: local } = profile;
  const field = `${path}.localhostProfile`;
  if (!type) return [required(`${path}.type`, 'type is required when appArmorProfile is set')];
  if (!PROFILE_TYPES.includes(type)) return [notSupported(`${path}.type`, type, PROFILE_TYPES)];
  if (type !== 'Localhost') {
    return local === undefined
      ? []
      : [invalidValue(field, local, 'can only be set when AppArmor type is Localhost')];
  }
  if (!local?.trim()) return [required(field, 'must be set when AppArmor type is Localhost')];
  return local.trim() === local ? [] : [invalidValue(field, local, 'must not be padded with whitespace')];
}
