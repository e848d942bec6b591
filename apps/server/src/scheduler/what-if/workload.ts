import type { Client } from '@wheelhouse/shared/client/client';
import { badRequest, invalid } from '@wheelhouse/shared/errors';
import { daemonSetKind } from '@wheelhouse/shared/kinds/apps/daemon-set';
import { deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { replicaSetKind } from '@wheelhouse/shared/kinds/apps/replica-set';
import { statefulSetKind } from '@wheelhouse/shared/kinds/apps/stateful-set';
import { jobKind } from '@wheelhouse/shared/kinds/batch/job';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { replicationControllerKind } from '@wheelhouse/shared/kinds/core/replication-controller';
import { decode } from '@wheelhouse/shared/meta/decode';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, OwnerReference, Stored } from '@wheelhouse/shared/meta/object';
import type { PlacementPreviewSpec } from '@wheelhouse/shared/scheduling/placement-preview';
import type { ReplicaSet } from 'kubernetes-types/apps/v1';
import type { Pod, PodTemplateSpec, Toleration } from 'kubernetes-types/core/v1';
import { revisionOf } from '../../controllers/deployment/revisions';
import { controllerOf, controllerReference, refersTo } from '../../controllers/machinery/owners';
import { isActive, podFromTemplate } from '../../controllers/machinery/pods';

/** What a preview needs to know of a workload. */
export interface PreviewWorkload {
  /** The pod with which its controller would scale up, defaulted. */
  readonly copy: Pod;
  /** Pods that count as replicas, oldest first. */
  readonly existing: readonly Stored<Pod>[];
  /** Also the pods of older revisions: a scale-down looks at how they are spread together. */
  readonly related: readonly Stored<Pod>[];
  /** Takes the last of `existing` first when it shrinks, whatever they do. */
  readonly shrinksFromEnd?: boolean;
  /** Has one pod on each node instead of a number of replicas. */
  readonly isDaemonSet?: boolean;
}

export interface WorkloadSources {
  readonly client: Pick<Client, 'get' | 'list'>;
  /** Pods that a controller with this UID manages. */
  podsOwnedBy(uid: string): readonly Stored<Pod>[];
}

/**
 * Reads the workload that a preview is about. Of a Deployment it is the newest revision: that is the one that grows
 * and shrinks. Throws NotFound, Invalid (a template with faults) or BadRequest (a kind without replicas).
 */
export async function findWorkload(
  spec: Pick<PlacementPreviewSpec, 'workload' | 'template'>,
  namespace: string,
  sources: WorkloadSources,
): Promise<PreviewWorkload> {
  const { workload, template } = spec;
  if (!workload) return { copy: copyOf(template, 'preview', namespace), existing: [], related: [] };
  const { client } = sources;
  const ref = { namespace, name: workload.name };
  switch (`${workload.group}/${workload.kind}`) {
    case '/ReplicationController':
      return ofOwner(replicationControllerKind, await client.get(replicationControllerKind, ref), sources);
    case 'apps/ReplicaSet':
      return ofOwner(replicaSetKind, await client.get(replicaSetKind, ref), sources);
    case 'apps/Deployment':
      return ofDeployment(workload.name, namespace, sources);
    case 'apps/StatefulSet':
      return ofStatefulSet(workload.name, namespace, sources);
    case 'apps/DaemonSet': {
      const found = ofOwner(daemonSetKind, await client.get(daemonSetKind, ref), sources);
      return { ...found, copy: withDaemonTolerations(found.copy), isDaemonSet: true };
    }
    case 'batch/Job':
      return ofOwner(jobKind, await client.get(jobKind, ref), sources);
    default:
      throw badRequest(
        `spec.workload: ${workload.kind} is no workload that can be previewed: use ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet or Job`,
      );
  }
}

type Replicated = KubeObject & { spec?: { template?: PodTemplateSpec } };

function ofOwner<T extends Replicated>(
  type: ResourceType<T>,
  owner: Stored<T>,
  sources: WorkloadSources,
): PreviewWorkload {
  const { namespace = '', name, uid } = owner.metadata;
  const existing = replicas(sources.podsOwnedBy(uid));
  const copy = copyOf(owner.spec?.template, name, namespace, controllerReference(type, owner));
  return { copy, existing, related: existing };
}

/** By its newest set: that is the one that grows and shrinks. One whose controller has not made any yet, by itself. */
async function ofDeployment(
  name: string,
  namespace: string,
  sources: WorkloadSources,
): Promise<PreviewWorkload> {
  const all = (await sources.client.list(replicaSetKind, { namespace })).items;
  const sets = all.filter((set) => {
    const owner = controllerOf(set);
    return owner?.name === name && refersTo(owner, deploymentKind);
  });
  const newest = sets.reduce<Stored<ReplicaSet> | undefined>(
    (best, set) =>
      !best || revisionOf(set.metadata.annotations) > revisionOf(best.metadata.annotations) ? set : best,
    undefined,
  );
  if (!newest) {
    const deployment = await sources.client.get(deploymentKind, { namespace, name });
    return { copy: copyOf(deployment.spec?.template, name, namespace), existing: [], related: [] };
  }
  return {
    ...ofOwner(replicaSetKind, newest, sources),
    related: sets.flatMap(({ metadata }) => replicas(sources.podsOwnedBy(metadata.uid))),
  };
}

/** Its pods have ordinals, and it shrinks from the last. */
async function ofStatefulSet(
  name: string,
  namespace: string,
  sources: WorkloadSources,
): Promise<PreviewWorkload> {
  const set = await sources.client.get(statefulSetKind, { namespace, name });
  const { copy, existing } = ofOwner(statefulSetKind, set, sources);
  const ordinal = (pod: Pod) => Number(/-(\d+)$/.exec(pod.metadata?.name ?? '')?.[1] ?? -1);
  const inOrder = existing.toSorted((a, b) => ordinal(a) - ordinal(b));
  return { copy, existing: inOrder, related: inOrder, shrinksFromEnd: true };
}

/** What every daemon pod tolerates, so that it stays on a node in trouble. */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];

function withDaemonTolerations(copy: Pod): Pod {
  const spec = copy.spec ?? { containers: [] };
  return { ...copy, spec: { ...spec, tolerations: [...(spec.tolerations ?? []), ...DAEMON_TOLERATIONS] } };
}

function replicas(pods: readonly Stored<Pod>[]): Stored<Pod>[] {
  const age = ({ metadata }: Stored<Pod>) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  return pods.filter(isActive).sort((a, b) => (age(a) < age(b) ? -1 : 1));
}

function copyOf(
  template: PodTemplateSpec | undefined,
  name: string,
  namespace: string,
  owner: OwnerReference = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name,
    uid: 'preview',
    controller: true,
  },
): Pod {
  const pod = podFromTemplate(template, name, owner);
  // Decoding checks the shape, and makes a copy: the kind's hooks change what they get.
  const { object: copy } = decode<Pod>(podKind, { ...pod, metadata: { ...pod.metadata, name, namespace } });
  podKind.default?.(copy);
  const errors = podKind.validate?.(copy) ?? [];
  if (errors.length > 0) throw invalid({ kind: 'Pod', name }, errors);
  return copy;
}
