import { keyOf, type ObjectKey } from '@wheelhouse/shared/meta/object';
import type { Container, Pod, Volume } from 'kubernetes-types/core/v1';
import { type PodTerms, podTerms } from './affinity-term';
import { podRequests, type Resources } from './resources';

/** A port of the host that a pod takes. */
export interface HostPort {
  readonly protocol: string;
  /** `0.0.0.0` takes the port on every address. */
  readonly ip: string;
  readonly port: number;
}

/** A pod with what scheduling asks of it, computed once. Immutable; a changed pod gets a new one. */
export interface PodInfo {
  readonly pod: Pod;
  readonly key: ObjectKey;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly requests: Resources;
  readonly scored: { readonly milliCpu: number; readonly memory: number };
  readonly hostPorts: readonly HostPort[];
  /** Its rules about being near other pods or away from them. */
  readonly terms: PodTerms;
  /** UID of the controller that owns the pod, if any. */
  readonly ownerUid: string | undefined;
  /** On its way out: it still takes room, but no longer counts as a member of its workload. */
  readonly terminating: boolean;
}

const NO_LABELS: Readonly<Record<string, string>> = {};
const NO_PORTS: readonly HostPort[] = [];

export function podInfo(pod: Pod): PodInfo {
  const { requests, scored } = podRequests(pod);
  const metadata = pod.metadata ?? {};
  const key = keyOf(pod);
  return {
    pod,
    key,
    uid: metadata.uid ?? key,
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    labels: metadata.labels ?? NO_LABELS,
    priority: pod.spec?.priority ?? 0,
    requests,
    scored,
    hostPorts: hostPorts(pod),
    terms: podTerms(pod),
    ownerUid: podOwner(pod),
    terminating: metadata.deletionTimestamp !== undefined,
  };
}

/** UID of the controller that manages the pod. */
export function podOwner(pod: Pod): string | undefined {
  return pod.metadata?.ownerReferences?.find((owner) => owner.controller)?.uid;
}

function hostPorts(pod: Pod): readonly HostPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter(
    (container) => container.restartPolicy === 'Always',
  );
  let ports: HostPort[] | undefined;
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const port of container.ports ?? []) {
      if (!port.hostPort) continue;
      ports ??= [];
      ports.push({ protocol: port.protocol ?? 'TCP', ip: port.hostIP || '0.0.0.0', port: port.hostPort });
    }
  }
  return ports ?? NO_PORTS;
}

/** Two ports collide when protocol and number agree and an address covers the other. */
export function portsCollide(a: HostPort, b: HostPort): boolean {
  return (
    a.port === b.port &&
    a.protocol === b.protocol &&
    (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0')
  );
}

/** Finished pods take no room. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Volumes that some filter looks at; configuration and scratch space may be anywhere. */
function isScheduled(volume: Volume): boolean {
  const { persistentVolumeClaim, ephemeral, csi, gcePersistentDisk, awsElasticBlockStore, iscsi, rbd } =
    volume;
  return Boolean(
    persistentVolumeClaim ?? ephemeral ?? csi ?? gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd,
  );
}

/**
 * Pods with equal classes get equal verdicts from every filter: what one cannot have, the others cannot have.
 * Holds the whole scheduling-relevant part of the spec; labels and namespace because affinity of others reads them.
 */
export function podClass(info: PodInfo): string {
  const spec = info.pod.spec;
  const { requests } = info;
  return JSON.stringify([
    spec?.schedulerName,
    info.namespace,
    info.labels,
    info.priority,
    [requests.milliCpu, requests.memory, requests.ephemeralStorage, [...(requests.extended ?? [])].sort()],
    info.hostPorts,
    spec?.nodeSelector,
    spec?.affinity,
    spec?.tolerations,
    spec?.topologySpreadConstraints,
    spec?.volumes?.filter(isScheduled),
    // Claims of its own, which may be at another stage than those of its like.
    spec?.volumes?.some(({ ephemeral }) => ephemeral) && info.name,
    info.ownerUid,
    spec?.overhead,
    spec?.preemptionPolicy,
  ]);
}

/** Everything else that pods of one workload have in common; the names of their token volumes are their own. */
export function podDetails({ pod: { metadata, spec } }: PodInfo): string {
  const plain = (containers: readonly Container[] = []) =>
    containers.map(({ volumeMounts: _, ...container }) => container);
  const { volumes: _, containers, initContainers, ...rest } = spec ?? { containers: [] };
  return JSON.stringify([metadata?.annotations, rest, plain(containers), plain(initContainers)]);
}
