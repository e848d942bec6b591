import type { Client } from '@wheelhouse/shared/client/client';
import { badRequest, invalid, notFound } from '@wheelhouse/shared/errors';
import { deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { replicaSetKind } from '@wheelhouse/shared/kinds/apps/replica-set';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { replicationControllerKind } from '@wheelhouse/shared/kinds/core/replication-controller';
import { decode } from '@wheelhouse/shared/meta/decode';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, OwnerReference, Stored } from '@wheelhouse/shared/meta/object';
import type { PlacementPreviewSpec } from '@wheelhouse/shared/scheduling/placement-preview';
import type { ReplicaSet } from 'kubernetes-types/apps/v1';
import type { Pod, PodTemplateSpec } from 'kubernetes-types/core/v1';
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
    default:
      throw badRequest(
        `spec.workload: ${workload.kind} is no workload that can be previewed: use ReplicationController, ReplicaSet or Deployment`,
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

/**
 * Found by its sets: a scheduler may read those, as Kubernetes' own role for it says, but not deployments. One that
 * has no set yet is as good as not there: its controller has not looked at it.
 */
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
  if (!newest) throw notFound({ group: 'apps', kind: 'deployments', name });
  return {
    ...ofOwner(replicaSetKind, newest, sources),
    related: sets.flatMap(({ metadata }) => replicas(sources.podsOwnedBy(metadata.uid))),
  };
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
