import type { PodSpec, SecurityContext } from 'kubernetes-types/core/v1';
import {
  type FieldError,
  invalidValue,
  nonNegative,
  notSupported,
  required,
} from '../../../meta/field-error';

const SECCOMP = ['Localhost', 'RuntimeDefault', 'Unconfined'];

/** The security settings of one container. */
export function validateContainerSecurity(context: SecurityContext | undefined, path: string): FieldError[] {
  if (!context) return [];
  const errors = [
    ...userId(context.runAsUser, `${path}.runAsUser`),
    ...userId(context.runAsGroup, `${path}.runAsGroup`),
    ...seccomp(context.seccompProfile, `${path}.seccompProfile`),
  ];
  if (context.procMount && !['Default', 'Unmasked'].includes(context.procMount)) {
    errors.push(notSupported(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']));
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
        `${path}.shareProcessNamespace`,
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
  );
  for (const [i, group] of (context.supplementalGroups ?? []).entries()) {
    errors.push(...userId(group, `${at}.supplementalGroups[${i}]`));
  }
  const names = new Set<string>();
  for (const [i, sysctl] of (context.sysctls ?? []).entries()) {
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
      errors.push({
        reason: 'FieldValueDuplicate',
        field,
        message: `Duplicate value: ${JSON.stringify(sysctl.name)}`,
      });
    }
    names.add(sysctl.name);
  }
  const policy = context.fsGroupChangePolicy;
  if (policy && policy !== 'Always' && policy !== 'OnRootMismatch') {
    errors.push(notSupported(`${at}.fsGroupChangePolicy`, policy, ['Always', 'OnRootMismatch']));
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
  if (!profile.type) return [required(`${path}.type`, 'type is required when seccompProfile is set')];
  if (!SECCOMP.includes(profile.type)) return [notSupported(`${path}.type`, profile.type, SECCOMP)];
  if (profile.type === 'Localhost' && !profile.localhostProfile) {
    return [required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost')];
  }
  if (profile.type !== 'Localhost' && profile.localhostProfile) {
    return [
      invalidValue(
        `${path}.localhostProfile`,
        profile.localhostProfile,
        'can only be set when seccomp type is Localhost',
      ),
    ];
  }
  return [];
}
