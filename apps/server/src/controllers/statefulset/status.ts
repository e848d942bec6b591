import type { Stored } from '@wheelhouse/shared/meta/object';
import type { StatefulSet, StatefulSetStatus } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { msUntilAvailable } from '../machinery/pods';
import { ordinalOf, revisionOfPod } from './identity';
import { isRunningAndReady, type StatefulInput } from './plan';

export interface StatusResult {
  readonly status: StatefulSetStatus;
  /** When the next ready pod becomes available, in milliseconds from now. */
  readonly nextChangeMs: number | undefined;
}

/** What the pods say together. Once all of them are of the new revision, it is the current one. */
export function statefulSetStatus(
  set: Stored<StatefulSet>,
  input: StatefulInput & { readonly collisions: number },
  now: Date,
): StatusResult {
  const members = input.pods.filter((pod) => ordinalOf(set, pod) !== undefined);
  const living = members.filter(({ metadata }) => !metadata.deletionTimestamp);
  const ofRevision = (name: string) => living.filter((pod) => revisionOfPod(pod) === name).length;
  const ready = members.filter(isRunningAndReady);
  const waits = ready.map((pod) => msUntilAvailable(pod, set.spec?.minReadySeconds ?? 0, now) ?? 0);
  const pending = waits.filter((ms) => ms > 0);
  const replicas = members.length;
  const updatedReplicas = ofRevision(input.updateRevision);
  const complete =
    set.spec?.updateStrategy?.type !== 'OnDelete' &&
    [replicas, updatedReplicas, ready.length].every((count) => count === (set.spec?.replicas ?? 1));
  const currentRevision = complete ? input.updateRevision : input.currentRevision;
  const optional = {
    readyReplicas: ready.length,
    currentReplicas: ofRevision(currentRevision),
    updatedReplicas,
  };
  const { conditions } = set.status ?? {};
  const status: StatefulSetStatus = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value > 0)),
    currentRevision,
    updateRevision: input.updateRevision,
    collisionCount: input.collisions,
    ...(conditions ? { conditions } : {}),
    availableReplicas: waits.filter((ms) => ms === 0).length,
  };
  return { status, nextChangeMs: pending.length > 0 ? Math.min(...pending) : undefined };
}

/** Revisions that the set or one of its pods still stands for. */
export function revisionsInUse(status: StatefulSetStatus, pods: readonly Pod[]): Set<string> {
  const names = [status.currentRevision, status.updateRevision, ...pods.map(revisionOfPod)];
  return new Set(names.filter((name) => name !== undefined));
}
