import { statefulSetKind } from '@wheelhouse/shared/kinds/apps/stateful-set';
import type { OwnerReference, Stored } from '@wheelhouse/shared/meta/object';
import type { StatefulSet } from 'kubernetes-types/apps/v1';
import type { PersistentVolumeClaim, Pod, PodTemplateSpec, Volume } from 'kubernetes-types/core/v1';
import { controllerReference } from '../machinery/owners';
import { podFromTemplate } from '../machinery/pods';
import { REVISION_LABEL } from '../revisions/history';

const POD_NAME = 'statefulset.kubernetes.io/pod-name';
const POD_INDEX = 'apps.kubernetes.io/pod-index';

export function podName(set: Stored<StatefulSet>, ordinal: number): string {
  return `${set.metadata.name}-${ordinal}`;
}

/** The number behind the set's name; undefined when the pod is not named after the set. */
export function ordinalOf(set: Stored<StatefulSet>, pod: Pod): number | undefined {
  const name = pod.metadata?.name ?? '';
  const prefix = `${set.metadata.name}-`;
  const digits = name.slice(prefix.length);
  // Nine digits fit into the 32 bits that Kubernetes allows.
  return name.startsWith(prefix) && /^(0|[1-9]\d{0,8})$/.test(digits) ? Number(digits) : undefined;
}

export function revisionOfPod(pod: Pod): string | undefined {
  return pod.metadata?.labels?.[REVISION_LABEL];
}

/** The pod of an ordinal: named, with a host name of its own, and mounting claims of its own. */
export function newStatefulPod(
  set: Stored<StatefulSet>,
  options: {
    readonly ordinal: number;
    readonly template: PodTemplateSpec | undefined;
    readonly revision: string;
  },
): Pod {
  const { ordinal, template, revision } = options;
  const name = podName(set, ordinal);
  // Its generated name is never needed, but Kubernetes' pods say of what set they are in it.
  const pod = podFromTemplate(template, set.metadata.name, controllerReference(statefulSetKind, set));
  const volumes = volumesOf(set, name, template?.spec?.volumes ?? []);
  return {
    metadata: {
      ...pod.metadata,
      name,
      namespace: set.metadata.namespace ?? '',
      labels: {
        ...pod.metadata?.labels,
        [POD_NAME]: name,
        [POD_INDEX]: String(ordinal),
        [REVISION_LABEL]: revision,
      },
    },
    spec: {
      ...(template?.spec ?? { containers: [] }),
      hostname: name,
      ...(set.spec?.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(volumes.length ? { volumes } : {}),
    },
  };
}

/** The claims' volumes stand in for those of the template that have the same names. */
function volumesOf(set: StatefulSet, pod: string, others: readonly Volume[]): Volume[] {
  const claims = (set.spec?.volumeClaimTemplates ?? []).map((template) => {
    const name = template.metadata?.name ?? '';
    return { name, persistentVolumeClaim: { claimName: `${name}-${pod}` } };
  });
  const claimed = new Set(claims.map(({ name }) => name));
  return [...claims, ...others.filter(({ name }) => !claimed.has(name))];
}

/** Labels that say who a pod is, where they were taken off; undefined when all are there. */
export function missingLabels(
  set: Stored<StatefulSet>,
  pod: Stored<Pod>,
): Record<string, string> | undefined {
  const ordinal = ordinalOf(set, pod);
  const wanted = { [POD_NAME]: pod.metadata.name, [POD_INDEX]: String(ordinal) };
  return Object.entries(wanted).every(([key, value]) => pod.metadata.labels?.[key] === value)
    ? undefined
    : wanted;
}

/** The claims of one pod, in the order of the templates. */
export function claimsOf(set: Stored<StatefulSet>, pod: string): PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    metadata: {
      ...template.metadata,
      name: `${template.metadata?.name}-${pod}`,
      namespace: set.metadata.namespace ?? '',
      labels: { ...template.metadata?.labels, ...set.spec?.selector.matchLabels },
    },
    ...(template.spec ? { spec: template.spec } : {}),
  }));
}

/**
 * The owners that a claim should have, so that it goes when the retention policy says so: with the set, with a pod
 * that a scale-down removes, or never. Owners that are neither the set nor its pod are kept.
 */
export function claimOwners(
  set: Stored<StatefulSet>,
  pod: Stored<Pod>,
  options: { readonly claim: Stored<PersistentVolumeClaim>; readonly condemned: boolean },
): OwnerReference[] {
  const { claim, condemned } = options;
  const policy = set.spec?.persistentVolumeClaimRetentionPolicy;
  const ofSet = (owner: OwnerReference) => owner.kind === 'StatefulSet' && owner.name === set.metadata.name;
  const ofPod = (owner: OwnerReference) => owner.kind === 'Pod' && owner.name === pod.metadata.name;
  const owners = (claim.metadata.ownerReferences ?? []).filter((owner) => !ofSet(owner) && !ofPod(owner));
  const { name, uid } = pod.metadata;
  if (policy?.whenScaled === 'Delete' && condemned) {
    return [...owners, { apiVersion: 'v1', kind: 'Pod', name, uid }];
  }
  if (policy?.whenDeleted === 'Delete') {
    const { apiVersion, kind, name: setName, uid: setUid } = controllerReference(statefulSetKind, set);
    return [...owners, { apiVersion, kind, name: setName, uid: setUid }];
  }
  return owners;
}
