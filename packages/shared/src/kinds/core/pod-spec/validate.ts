import type { PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1';
import {
  complaints,
  duplicate,
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
import { validatePodAnnotations } from './annotations';
import { validateContainers } from './container';
import { validateResources } from './resources';
import {
  validateAffinity,
  validateNodeSelector,
  validateTolerations,
  validateTopologySpread,
} from './scheduling';
import { validatePodSecurity } from './security';
import { validateSystem } from './system';
import { validateVolumes } from './volumes';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** Checks a defaulted pod spec; `path` is where it stands, e.g. `spec` or `spec.template.spec`. */
export function validatePodSpec(spec: PodSpec | undefined, path: string): FieldError[] {
  if (!spec) return [required(`${path}.containers`)];
  const volumes = validateVolumes(spec.volumes, `${path}.volumes`);
  return [
    ...volumes.errors,
    ...validateContainers(spec, volumes.valid, path),
    ...validateResourceClaims(spec, path),
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
    ...validateSystem(spec, path),
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
      const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
      return [...errors, required(`${at}.nameservers`, why)];
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
  if ((config.searches ?? []).join(' ').length > 2048) {
    const why = 'must not have more than 2048 characters (including spaces) in the search list';
    errors.push(invalidValue(`${at}.searches`, config.searches, why));
  }
  config.searches?.forEach((search, i) => {
    // The root alone, and names with underscores, are taken since Kubernetes 1.33.
    const name = search.replace(/\.$/, '').replaceAll('_', '-');
    errors.push(...complaints(`${at}.searches[${i}]`, search, search === '.' ? [] : dns1123Subdomain(name)));
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
  if (spec.runtimeClassName !== undefined) {
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
    const at = `${path}.schedulingGates[${i}]`;
    errors.push(...complaints(at, gate.name, qualifiedName(gate.name ?? '')));
    const again = spec.schedulingGates?.slice(0, i).some(({ name }) => name === gate.name);
    if (again) errors.push(duplicate(at, gate.name));
  });
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
  if (preemption === '') errors.push(required(`${path}.preemptionPolicy`));
  else if (preemption !== undefined && preemption !== 'PreemptLowerPriority' && preemption !== 'Never') {
    errors.push(notSupported(`${path}.preemptionPolicy`, preemption, ['Never', 'PreemptLowerPriority']));
  }
  if (spec.overhead) errors.push(...validateResources({ limits: spec.overhead }, `${path}.overhead`));
  return errors;
}

function validateResourceClaims(spec: PodSpec, path: string): FieldError[] {
  const names = new Set<string>();
  return (spec.resourceClaims ?? []).flatMap((claim, i) => {
    const at = `${path}.resourceClaims[${i}]`;
    const errors: FieldError[] = [];
    if (!claim.name) errors.push(required(`${at}.name`));
    else if (names.has(claim.name)) errors.push(duplicate(`${at}.name`, claim.name));
    else errors.push(...complaints(`${at}.name`, claim.name, dns1123Label(claim.name)));
    names.add(claim.name);
    return errors;
  });
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
    ...validatePodAnnotations(template?.metadata?.annotations, template?.spec, `${path}.annotations`),
    ...validatePodSpec(template?.spec, `${path}.spec`),
    ...(template?.spec?.ephemeralContainers?.length
      ? [forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')]
      : []),
  ];
}
