import type { Service } from '@wheelhouse/shared/kinds/core/service';
import type { EndpointSlice } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import type { Backend, Protocol, ServiceRule } from './dataplane';

type SliceEndpoint = EndpointSlice['endpoints'][number];

/** Only the fields read here, so that tests need not build whole objects. */
export interface ServiceInput {
  readonly service: Service;
  readonly slices: readonly EndpointSlice[];
}

/**
 * The rules that one node has to carry out. Pure. Follows Kubernetes' proxy rules: ready endpoints get the
 * traffic; when a service has none, those that are terminating but still serving do; policy `Local` keeps to
 * endpoints of this node; where all ready endpoints have hints, those for the node's zone do. Headless and
 * ExternalName services have no rules.
 */
export function computeServiceRules(
  inputs: readonly ServiceInput[],
  nodeName: string,
  zone?: string,
): ServiceRule[] {
  return inputs.flatMap((input) => rulesOf(input, nodeName, zone));
}

function rulesOf({ service, slices }: ServiceInput, nodeName: string, zone?: string): ServiceRule[] {
  const { spec, metadata } = service;
  if (!spec || spec.type === 'ExternalName') return [];
  const clusterIps = (spec.clusterIPs ?? [spec.clusterIP]).filter(isForwarded);
  if (clusterIps.length === 0) return [];
  const serviceIps = [...clusterIps, ...(spec.externalIPs ?? [])];
  return (spec.ports ?? []).flatMap((port): ServiceRule[] => {
    const protocol = port.protocol ?? 'TCP';
    if (protocol !== 'TCP' && protocol !== 'UDP') return [];
    const candidates = slices.flatMap((slice) => endpointsFor(slice, port.name ?? '', protocol));
    const local = candidates.filter((candidate) => candidate.endpoint.nodeName === nodeName);
    return [
      {
        id: `${metadata?.namespace}/${metadata?.name}:${port.port}/${protocol}`,
        protocol,
        serviceIps,
        port: port.port,
        nodePort: port.nodePort || undefined,
        backends: choose(spec.internalTrafficPolicy === 'Local' ? local : inZone(candidates, zone)),
        externalBackends: choose(spec.externalTrafficPolicy === 'Local' ? local : inZone(candidates, zone)),
        affinitySeconds:
          spec.sessionAffinity === 'ClientIP'
            ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800)
            : undefined,
      },
    ];
  });
}

const isForwarded = (ip: string | undefined): ip is string => ip !== undefined && ip !== '' && ip !== 'None';

interface Candidate {
  readonly endpoint: SliceEndpoint;
  readonly backends: readonly Backend[];
}

function endpointsFor(slice: EndpointSlice, portName: string, protocol: Protocol): Candidate[] {
  const port = slice.ports?.find(
    (item) => (item.name ?? '') === portName && (item.protocol ?? 'TCP') === protocol,
  );
  if (port?.port === undefined) return [];
  const number = port.port;
  return slice.endpoints.map((endpoint) => ({
    endpoint,
    backends: endpoint.addresses.map((address) => ({ address, port: number })),
  }));
}

/**
 * Those whose hints name the zone. Hints that not every ready endpoint has are in the making, and a zone for which
 * nobody is meant must not be without service: then all are left.
 */
function inZone(candidates: readonly Candidate[], zone: string | undefined): readonly Candidate[] {
  if (zone === undefined) return candidates;
  const ready = candidates.filter(isReady);
  const isFor = ({ endpoint }: Candidate) =>
    endpoint.hints?.forZones?.some(({ name }) => name === zone) ?? false;
  const hinted = ready.every(({ endpoint }) => (endpoint.hints?.forZones?.length ?? 0) > 0);
  return hinted && ready.some(isFor) ? ready.filter(isFor) : candidates;
}

const isReady = ({ endpoint }: Candidate): boolean => endpoint.conditions?.ready ?? true;

/** Ready endpoints; without any, those that still serve while they terminate. Sorted, so that equal sets are equal. */
function choose(candidates: readonly Candidate[]): Backend[] {
  const ready = candidates.filter(isReady);
  const chosen =
    ready.length > 0
      ? ready
      : candidates.filter(({ endpoint }) => endpoint.conditions?.serving && endpoint.conditions.terminating);
  const unique = new Map<string, Backend>();
  for (const { backends } of chosen) for (const backend of backends) unique.set(backendKey(backend), backend);
  return [...unique.keys()].sort().flatMap((key) => unique.get(key) ?? []);
}

/** `address:port`, the identity of a backend. */
export const backendKey = (backend: Backend): string => `${backend.address}:${backend.port}`;
