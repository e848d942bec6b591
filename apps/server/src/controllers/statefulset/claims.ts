import type { EventRecorder } from '@wheelhouse/shared/client/event-recorder';
import { asApiError, isAlreadyExists, isNotFound } from '@wheelhouse/shared/errors';
import { persistentVolumeClaimKind } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { StatefulSet } from 'kubernetes-types/apps/v1';
import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1';
import type { ControllerContext } from '../machinery/controller';
import { sameJson } from '../machinery/same-json';
import { claimOwners, claimsOf, ordinalOf } from './identity';
import { ordinalRange } from './plan';

/** The claims of the pods of StatefulSets. */
export function statefulClaims(context: ControllerContext, events: EventRecorder) {
  const { client } = context;
  const claims = context.cache(persistentVolumeClaimKind);

  function existing(set: Stored<StatefulSet>, pod: string): Stored<PersistentVolumeClaim>[] {
    return claimsOf(set, pod).flatMap(({ metadata }) => {
      const claim = claims.get(`${metadata?.namespace}/${metadata?.name}`);
      return claim ? [claim] : [];
    });
  }

  /** Makes the claims that are missing. Throws while one is on its way out: a new pod would hold on to it. */
  async function ensure(set: Stored<StatefulSet>, pod: string): Promise<void> {
    for (const claim of claimsOf(set, pod)) {
      const { name = '', namespace = '' } = claim.metadata ?? {};
      const known = claims.get(`${namespace}/${name}`);
      if (known?.metadata.deletionTimestamp) throw new Error(`pvc ${name} is being deleted`);
      if (known) continue;
      try {
        await client.create(persistentVolumeClaimKind, claim);
        events.record(
          set,
          'Normal',
          'SuccessfulCreate',
          `create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name} success`,
        );
      } catch (error) {
        // One that stood there before is used, as after a scale-down.
        if (isAlreadyExists(error)) continue;
        const { message } = asApiError(error);
        const subject = `create Claim ${name} for Pod ${pod} in StatefulSet ${set.metadata.name}`;
        events.record(set, 'Warning', 'FailedCreate', `${subject} failed error: ${message}`);
        throw new Error(`failed to create PVC ${name}: ${message}`, { cause: error });
      }
    }
  }

  /** Sets the owners of the pod's claims after the retention policy. */
  async function keepOwners(set: Stored<StatefulSet>, pod: Stored<Pod>): Promise<void> {
    const ordinal = ordinalOf(set, pod) ?? -1;
    const { start, end } = ordinalRange(set);
    const condemned = ordinal < start || ordinal >= end;
    for (const claim of existing(set, pod.metadata.name)) {
      const ownerReferences = claimOwners(set, pod, { claim, condemned });
      const current = claim.metadata.ownerReferences ?? [];
      const identity = current.map(({ kind, name, uid }) => ({ kind, name, uid }));
      const wanted = ownerReferences.map(({ kind, name, uid }) => ({ kind, name, uid }));
      if (claim.metadata.deletionTimestamp || sameJson(identity, wanted)) continue;
      const { uid, resourceVersion } = claim.metadata;
      const body = { metadata: { uid, resourceVersion, ownerReferences } };
      try {
        await client.patch(persistentVolumeClaimKind, claim.metadata, { type: 'merge', body });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  /** A claim still belongs to an earlier pod of the name, with which it is about to go. */
  function isLeftOver(set: Stored<StatefulSet>, pod: string): boolean {
    return existing(set, pod).some(({ metadata }) =>
      metadata.ownerReferences?.some(({ kind, name }) => kind === 'Pod' && name === pod),
    );
  }

  return { ensure, keepOwners, isLeftOver };
}
