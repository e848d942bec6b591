import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1';
import { type Bounds, boundsOf } from './bounds';
import { byAge, type Draft, draftOf } from './draft';
import { annotateNewSet, REVISION, revisionOf } from './revisions';
import { grownSize, recreateStep, rollingStep } from './rolling';
import { isScaling, noteSize, scaleSets } from './scaling';
import { isComplete } from './status';
import { sameTemplate } from './template-hash';

export interface DeploymentPlan {
  /** The set of the current template; undefined while there is none (and none is wanted yet). */
  readonly newest: Draft | undefined;
  /** Sets to write, among them the newest when it is to be created (`set` is undefined). */
  readonly write: Draft[];
  /** Old sets beyond the history limit. */
  readonly remove: Stored<ReplicaSet>[];
  /** The revision for the Deployment's own annotation, when it is not there yet. */
  readonly revision: string | undefined;
}

/**
 * One step towards the Deployment's wishes; each step's writes lead to the next reconcile. `sets` are the sets that
 * it owns. `newName` names a set that has to be created. `oldPodsLeft` matters for Recreate alone.
 */
export function planDeployment(
  deployment: Deployment,
  sets: readonly Stored<ReplicaSet>[],
  options: { readonly newName: string; readonly oldPodsLeft: boolean },
): DeploymentPlan {
  const bounds = boundsOf(deployment);
  const drafts = sets.map(draftOf).sort(byAge);
  const existing = drafts.find(({ set }) => sameTemplate(set?.spec?.template, deployment.spec?.template));
  const old = drafts.filter((draft) => draft !== existing);
  const rolling = deployment.spec?.strategy?.type !== 'Recreate';
  const statusReplicas = deployment.status?.replicas ?? 0;

  if (deployment.spec?.paused || isScaling(drafts, bounds)) {
    if (existing) annotateNewSet(deployment, existing, old);
    scaleSets(existing, old, bounds, { rolling, statusReplicas });
    return finish(deployment, bounds, existing, old, { pause: deployment.spec?.paused === true });
  }

  const newest = existing ?? newDraft(options.newName);
  newest.minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  annotateNewSet(deployment, newest, old);
  if (rolling) {
    if (!existing) newest.replicas = grownSize(newest, old, bounds);
    else rollingStep(newest, old, bounds);
  } else {
    recreateStep(newest, old, bounds, options.oldPodsLeft);
    // Old pods are still there: the new set is made once they are gone.
    if (!existing && newest.replicas === 0 && bounds.replicas > 0) {
      return finish(deployment, bounds, undefined, old, { pause: false });
    }
  }
  return finish(deployment, bounds, newest, old, { pause: false });
}

function newDraft(name: string): Draft {
  return { set: undefined, name, replicas: 0, annotations: {}, minReadySeconds: 0 };
}

function finish(
  deployment: Deployment,
  bounds: Bounds,
  newest: Draft | undefined,
  old: Draft[],
  options: { readonly pause: boolean },
): DeploymentPlan {
  const all = newest ? [...old, newest] : old;
  for (const draft of all) if (draft.replicas > 0 || draft === newest) noteSize(draft, bounds);
  const write = all.filter(isChanged);
  const revision = newest && revisionOf(newest.annotations) > 0 ? newest.annotations[REVISION] : undefined;
  const settled =
    write.length === 0 && newest !== undefined && isComplete(deployment, deployment.status ?? {});
  return {
    newest,
    write,
    remove: settled || options.pause ? beyondHistory(deployment, old) : [],
    revision: revision !== deployment.metadata?.annotations?.[REVISION] ? revision : undefined,
  };
}

function isChanged({ set, replicas, annotations, minReadySeconds }: Draft): boolean {
  if (!set) return true;
  const before = set.metadata.annotations ?? {};
  return (
    replicas !== (set.spec?.replicas ?? 1) ||
    minReadySeconds !== (set.spec?.minReadySeconds ?? 0) ||
    Object.entries(annotations).some(([key, value]) => before[key] !== value)
  );
}

/** Empty old sets that the history limit does not cover, the lowest revisions first. */
function beyondHistory(deployment: Deployment, old: readonly Draft[]): Stored<ReplicaSet>[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? 10;
  const living = old.flatMap(({ set }) => (set && !set.metadata.deletionTimestamp ? [set] : []));
  return living
    .sort((a, b) => revisionOf(a.metadata.annotations) - revisionOf(b.metadata.annotations))
    .slice(0, Math.max(0, living.length - limit))
    .filter(
      ({ spec, status, metadata }) =>
        (spec?.replicas ?? 1) === 0 &&
        (status?.replicas ?? 0) === 0 &&
        (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
    );
}
