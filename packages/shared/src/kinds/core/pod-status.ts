import type { ContainerStatus, Pod } from 'kubernetes-types/core/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  forbidden,
  immutable,
  invalidValue,
} from '../../meta/field-error';
import { isIp } from '../../meta/ip';
import { dns1123Subdomain, qualifiedName } from '../../meta/names';
import { BAD_IP } from './service-validation';

const SYSTEM_CONDITIONS = ['Initialized', 'PodScheduled', 'Ready'];

/** What a writer of `/status` must not say of a pod. */
export function validatePodStatusUpdate(next: Pod, previous: Pod): FieldError[] {
  const { status = {} } = next;
  const errors: FieldError[] = (status.conditions ?? []).flatMap(({ type }, i) =>
    SYSTEM_CONDITIONS.includes(type)
      ? []
      : // Kubernetes looks for the conditions under the metadata.
        complaints(`metadata.conditions[${i}].Type`, type, qualifiedName(type ?? '')),
  );
  if (next.spec?.nodeName !== previous.spec?.nodeName) {
    errors.push(forbidden('status.nodeName', 'may not be changed directly'));
  }
  const nominated = status.nominatedNodeName;
  if (nominated && nominated !== previous.status?.nominatedNodeName) {
    errors.push(...complaints('status.nominatedNodeName', nominated, dns1123Subdomain(nominated)));
  }
  errors.push(...immutable('status.qosClass', status.qosClass, previous.status?.qosClass));
  return [
    ...errors,
    ...validateContainerStates(next, previous),
    ...validateAddresses(status.podIPs ?? [], 'status.podIPs'),
    ...validateHostAddresses(status),
  ];
}

/** Containers that are not to be restarted stay ended. */
function validateContainerStates(next: Pod, previous: Pod): FieldError[] {
  const policy = previous.spec?.restartPolicy;
  const sidecars = new Set(
    (previous.spec?.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  );
  const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;
  return lists.flatMap((list) => {
    const rule = list === 'ephemeralContainerStatuses' ? 'Never' : policy;
    if (rule === 'Always') return [];
    return (previous.status?.[list] ?? []).flatMap((old: ContainerStatus, i) => {
      const ended = old.state?.terminated;
      const mayStart = !ended || (ended.exitCode !== 0 && rule === 'OnFailure') || sidecars.has(old.name);
      const now = next.status?.[list]?.find(({ name }) => name === old.name);
      return mayStart || !now || now.state?.terminated
        ? []
        : [forbidden(`status.${list}[${i}].state`, 'may not be transitioned to non-terminated state')];
    });
  });
}

function validateAddresses(addresses: readonly { ip?: string }[], path: string): FieldError[] {
  const seen = new Set<string>();
  const errors = addresses.flatMap(({ ip = '' }, i) => {
    const own = isIp(ip) ? [] : [invalidValue(`${path}[${i}]`, ip, BAD_IP)];
    if (seen.has(ip)) own.push(duplicate(`${path}[${i}]`, ip));
    seen.add(ip);
    return own;
  });
  const families = new Set(addresses.map(({ ip }) => ip?.includes(':')));
  if (addresses.length > 1 && families.size < addresses.length) {
    errors.push(invalidValue(path, addresses, 'may specify no more than one IP for each IP family'));
  }
  return errors;
}

function validateHostAddresses({ hostIP, hostIPs }: NonNullable<Pod['status']>): FieldError[] {
  const first = hostIPs?.[0]?.ip;
  return [
    ...(first !== undefined && first !== hostIP
      ? [invalidValue('status.hostIPs[0].ip', first, 'must be equal to `hostIP`')]
      : []),
    ...validateAddresses(hostIPs ?? [], 'status.hostIPs'),
  ];
}
