import type { Stored } from '@wheelhouse/shared/meta/object';
import { quantityMillis, quantityValue } from '@wheelhouse/shared/meta/quantity';
import type { Container, Pod, ResourceFieldSelector } from 'kubernetes-types/core/v1';

/** What is known of a pod only on its node, before its status says so. */
export interface PodFacts {
  readonly podIp: string;
  readonly hostIp: string;
  /** For limits that a container does not set. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** The value of a downward-API path; undefined for a path that does not exist. */
export function fieldValue(pod: Stored<Pod>, path: string, facts: PodFacts): string | undefined {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript) {
    const [, map, key = ''] = subscript;
    return (map === 'labels' ? metadata.labels : metadata.annotations)?.[key] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid;
    case 'metadata.labels':
      return formatMap(metadata.labels);
    case 'metadata.annotations':
      return formatMap(metadata.annotations);
    case 'spec.nodeName':
      return spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? '';
    case 'status.hostIP':
    case 'status.hostIPs':
      return facts.hostIp;
    case 'status.podIP':
    case 'status.podIPs':
      return facts.podIp;
    default:
      return undefined;
  }
}

/** `key="value"` lines, sorted, as Kubernetes writes maps into files. */
function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

/** A limit or request of a container, in units of the divisor, rounded up; undefined for an unknown container or resource. */
export function resourceFieldValue(
  pod: Pod,
  selector: ResourceFieldSelector,
  options: { readonly container?: string; readonly facts: PodFacts },
): string | undefined {
  const name = selector.containerName || options.container;
  const containers: Container[] = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const container = containers.find((candidate) => candidate.name === name);
  const match = /^(limits|requests)\.(.+)$/.exec(selector.resource);
  if (!container || !match) return undefined;
  const [, list, resource = ''] = match;
  const set = list === 'limits' ? container.resources?.limits : container.resources?.requests;
  const amount =
    set?.[resource] ?? (list === 'limits' ? options.facts.allocatable[resource] : undefined) ?? '0';
  const divisor = selector.divisor && selector.divisor !== '0' ? selector.divisor : '1';
  return resource === 'cpu'
    ? String(Math.ceil(quantityMillis(amount) / quantityMillis(divisor)))
    : String(Math.ceil(quantityValue(amount) / quantityValue(divisor)));
}
