import type { PodSpec, PodTemplateSpec, Volume } from 'kubernetes-types/core/v1';
import {
  complaints,
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../../../meta/field-error';
import { isIp } from '../../../meta/ip';
import { validateLabels } from '../../../meta/labels';
import { dns1123Label, dns1123Subdomain, qualifiedName } from '../../../meta/names';
import { validateAnnotations } from '../../../meta/validation';
import { validateContainers } from './container';
import {
  validateAffinity,
  validateNodeSelector,
  validateTolerations,
  validateTopologySpread,
} from './scheduling';
import { validatePodSecurity } from './security';
import { validateVolumes } from './volumes';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** Checks a defaulted pod spec; `path` is where it stands, e.g. `spec` or `spec.template.spec`. */
export function validatePodSpec(spec: PodSpec | undefined, path: string): FieldError[] {
  if (!spec) return [required(`${path}.containers`)];
  const volumes = new Map<string, Volume>((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  return [
    ...validateVolumes(spec.volumes, `${path}.volumes`),
    ...validateContainers(spec, volumes, path),
    ...validateRestartPolicy(spec, path),
    ...validateDns(spec, path),
    ...validateNames(spec, path),
    ...validatePodSecurity(spec, path),
    ...validateNodeSelector(spec.nodeSelector, `${path}.nodeSelector`),
    ...validateAffinity(spec.affinity, `${path}.affinity`),
    ...validateTolerations(spec.tolerations, `${path}.tolerations`),
    ...validateTopologySpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`),
    ...validateLimits(spec, path),
    ...validateHost(spec, path),
  ];
}

function validateRestartPolicy(spec: PodSpec, path: string): FieldError[] {
  const policy = spec.restartPolicy;
  if (!policy) return [required(`${path}.restartPolicy`)];
  return RESTART_POLICIES.includes(policy)
    ? []
    : [notSupported(`${path}.restartPolicy`, policy, RESTART_POLICIES)];
}

function validateDns(spec: PodSpec, path: string): FieldError[] {
  const policy = spec.dnsPolicy;
  if (!policy) return [required(`${path}.dnsPolicy`)];
  const errors: FieldError[] = [];
  if (!DNS_POLICIES.includes(policy)) errors.push(notSupported(`${path}.dnsPolicy`, policy, DNS_POLICIES));
  const config = spec.dnsConfig;
  const at = `${path}.dnsConfig`;
  if (policy === 'None') {
    if (!config) return [...errors, required(at, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if (!config.nameservers?.length) {
      errors.push(
        required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'),
      );
    }
  }
  if (!config) return errors;
  if ((config.nameservers?.length ?? 0) > 3) {
    errors.push(
      invalidValue(`${at}.nameservers`, config.nameservers, 'must not have more than 3 nameservers'),
    );
  }
  config.nameservers?.forEach((server, i) => {
    if (!isIp(server)) {
      errors.push(
        invalidValue(
          `${at}.nameservers[${i}]`,
          server,
          'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        ),
      );
    }
  });
  if ((config.searches?.length ?? 0) > 32) {
    errors.push(invalidValue(`${at}.searches`, config.searches, 'must not have more than 32 search paths'));
  }
  config.searches?.forEach((search, i) => {
    const name = search.endsWith('.') ? search.slice(0, -1) : search;
    errors.push(...complaints(`${at}.searches[${i}]`, search, name === '' ? [] : dns1123Subdomain(name)));
  });
  config.options?.forEach((option, i) => {
    if (!option.name) errors.push(required(`${at}.options[${i}]`, 'must not be empty'));
  });
  return errors;
}

function validateNames(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.serviceAccountName) {
    errors.push(
      ...complaints(
        `${path}.serviceAccountName`,
        spec.serviceAccountName,
        dns1123Subdomain(spec.serviceAccountName),
      ),
    );
  }
  if (spec.nodeName)
    errors.push(...complaints(`${path}.nodeName`, spec.nodeName, dns1123Subdomain(spec.nodeName)));
  if (spec.hostname)
    errors.push(...complaints(`${path}.hostname`, spec.hostname, dns1123Label(spec.hostname)));
  if (spec.subdomain)
    errors.push(...complaints(`${path}.subdomain`, spec.subdomain, dns1123Label(spec.subdomain)));
  if (spec.priorityClassName) {
    errors.push(
      ...complaints(
        `${path}.priorityClassName`,
        spec.priorityClassName,
        dns1123Subdomain(spec.priorityClassName),
      ),
    );
  }
  if (spec.runtimeClassName) {
    errors.push(
      ...complaints(
        `${path}.runtimeClassName`,
        spec.runtimeClassName,
        dns1123Subdomain(spec.runtimeClassName),
      ),
    );
  }
  spec.readinessGates?.forEach((gate, i) => {
    errors.push(
      ...complaints(
        `${path}.readinessGates[${i}].conditionType`,
        gate.conditionType,
        qualifiedName(gate.conditionType ?? ''),
      ),
    );
  });
  spec.schedulingGates?.forEach((gate, i) => {
    errors.push(...complaints(`${path}.schedulingGates[${i}]`, gate.name, qualifiedName(gate.name ?? '')));
  });
  if (spec.schedulingGates?.length && spec.nodeName) {
    errors.push(forbidden(`${path}.nodeName`, 'cannot be set until all schedulingGates have been cleared'));
  }
  return errors;
}

function validateLimits(spec: PodSpec, path: string): FieldError[] {
  // A negative grace period is taken, as Kubernetes does; the kubelet gives such pods the shortest one.
  const errors: FieldError[] = [];
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > 2 ** 31 - 1)) {
    errors.push(
      invalidValue(`${path}.activeDeadlineSeconds`, deadline, 'must be between 1 and 2147483647, inclusive'),
    );
  }
  const preemption = spec.preemptionPolicy;
  if (preemption && preemption !== 'PreemptLowerPriority' && preemption !== 'Never') {
    errors.push(notSupported(`${path}.preemptionPolicy`, preemption, ['Never', 'PreemptLowerPriority']));
  }
  return errors;
}

function validateHost(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  spec.hostAliases?.forEach((alias) => {
    if (!isIp(alias.ip ?? '')) {
      errors.push(
        invalidValue(
          `${path}.hostAliases.ip`,
          alias.ip,
          'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        ),
      );
    }
    for (const name of alias.hostnames ?? []) {
      errors.push(...complaints(`${path}.hostAliases.hostnames`, name, dns1123Subdomain(name)));
    }
  });
  if (spec.hostNetwork) {
    for (const [i, container] of (spec.containers ?? []).entries()) {
      for (const [j, port] of (container.ports ?? []).entries()) {
        if (port.hostPort !== port.containerPort) {
          errors.push(
            invalidValue(
              `${path}.containers[${i}].ports[${j}].containerPort`,
              port.containerPort,
              'must match `hostPort` when `hostNetwork` is true',
            ),
          );
        }
      }
    }
  }
  return errors;
}

/** A pod template of a workload: its labels, annotations and spec. Kubernetes leaves `metadata` out of the paths. */
export function validatePodTemplate(template: PodTemplateSpec | undefined, path: string): FieldError[] {
  return [
    ...validateLabels(template?.metadata?.labels, `${path}.labels`),
    ...validateAnnotations(template?.metadata?.annotations, `${path}.annotations`),
    ...validatePodSpec(template?.spec, `${path}.spec`),
    ...(template?.spec?.ephemeralContainers?.length
      ? [forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')]
      : []),
  ];
}
