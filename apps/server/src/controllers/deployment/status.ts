import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from 'kubernetes-types/apps/v1';
import { boundsOf, leastAvailable } from './bounds';
import { timeOf, withCondition, withoutCondition } from './conditions';

export interface StatusInput {
  readonly deployment: Stored<Deployment>;
  /** The set of the current template, once it exists. */
  readonly newest: Stored<ReplicaSet> | undefined;
  readonly sets: readonly Stored<ReplicaSet>[];
  /** A new set was created or found in this reconcile, or creating it failed. */
  readonly happened: 'created' | 'failed' | undefined;
  readonly failure?: string | undefined;
  readonly collisions: number;
}

export interface StatusResult {
  readonly status: DeploymentStatus;
  /** When the progress deadline ends, in milliseconds from now. */
  readonly deadlineMs: number | undefined;
}

/** What the Deployment's sets say together, and how its rollout gets on. */
export function deploymentStatus(input: StatusInput, now: Date): StatusResult {
  const { deployment, newest, sets } = input;
  const previous = deployment.status ?? {};
  const total = (of: (set: ReplicaSet) => number | undefined) =>
    sets.reduce((n, set) => n + (of(set) ?? 0), 0);
  const availableReplicas = total(({ status }) => status?.availableReplicas);
  const counts = {
    replicas: total(({ status }) => status?.replicas),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: total(({ status }) => status?.readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, total(({ spec }) => spec?.replicas) - availableReplicas),
  };
  const withAvailable = availability(previous.conditions ?? [], deployment, availableReplicas, now);
  const withProgress = progress(withAvailable, input, counts, now);
  const conditions = replicaFailure(withProgress, sets);
  const status: DeploymentStatus = {
    observedGeneration: deployment.metadata.generation ?? 0,
    ...Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0)),
    ...(conditions.length ? { conditions } : {}),
    ...(input.collisions > 0 ? { collisionCount: input.collisions } : {}),
  };
  return { status, deadlineMs: deadline(deployment, conditions, now) };
}

type Counts = Required<
  Pick<
    DeploymentStatus,
    'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas' | 'unavailableReplicas'
  >
>;

function availability(
  conditions: readonly DeploymentCondition[],
  deployment: Deployment,
  available: number,
  now: Date,
): DeploymentCondition[] {
  const enough = available >= leastAvailable(boundsOf(deployment));
  return withCondition(
    conditions,
    enough
      ? {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    now,
  );
}

function progress(
  conditions: DeploymentCondition[],
  input: StatusInput,
  counts: Counts,
  now: Date,
): DeploymentCondition[] {
  const { deployment, newest } = input;
  if (!hasDeadline(deployment)) return withoutCondition(conditions, 'Progressing');
  const current = conditions.find(({ type }) => type === 'Progressing');
  const name = newest?.metadata.name;
  const set = name ? `ReplicaSet "${name}"` : `Deployment "${deployment.metadata.name}"`;
  const say = (status: 'True' | 'False' | 'Unknown', reason: string, message: string, touch = false) =>
    withCondition(conditions, { type: 'Progressing', status, reason, message }, now, touch);

  if (input.happened === 'failed') return say('False', 'ReplicaSetCreateError', input.failure ?? '');
  if (deployment.spec?.paused) {
    // That a deadline has passed is worth more to know than that nothing goes on now.
    if (current?.reason === 'ProgressDeadlineExceeded') return conditions;
    return say('Unknown', 'DeploymentPaused', 'Deployment is paused');
  }
  if (current?.reason === 'DeploymentPaused')
    return say('Unknown', 'DeploymentResumed', 'Deployment is resumed');
  if (input.happened === 'created')
    return say('True', 'NewReplicaSetCreated', `Created new replica set "${name}"`, true);
  if (!current && newest) return say('True', 'FoundNewReplicaSet', `Found new replica set "${name}"`);
  // A finished rollout stays finished: a pod that is replaced later is not progress, nor the lack of it.
  const finished = current?.reason === 'NewReplicaSetAvailable' && counts.replicas === counts.updatedReplicas;
  if (finished) return conditions;
  if (isComplete(deployment, counts)) {
    return say('True', 'NewReplicaSetAvailable', `${set} has successfully progressed.`);
  }
  if (hasProgressed(deployment.status ?? {}, counts)) {
    return say('True', 'ReplicaSetUpdated', `${set} is progressing.`, true);
  }
  const left = deadline(deployment, conditions, now);
  if (left !== undefined && left <= 0) {
    return say('False', 'ProgressDeadlineExceeded', `${set} has timed out progressing.`);
  }
  return conditions;
}

/** All replicas are of the current template and available, and no others are left. */
export function isComplete(deployment: Deployment, counts: Partial<Counts>): boolean {
  const wanted = deployment.spec?.replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = counts;
  return updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted;
}

function hasProgressed(before: DeploymentStatus, now: Counts): boolean {
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = before;
  return (
    now.updatedReplicas > updatedReplicas ||
    now.replicas - now.updatedReplicas < replicas - updatedReplicas ||
    now.readyReplicas > readyReplicas ||
    now.availableReplicas > availableReplicas
  );
}

/** Kubernetes takes the largest number for "no deadline". */
function hasDeadline({ spec }: Deployment): boolean {
  return (spec?.progressDeadlineSeconds ?? 600) < 2 ** 31 - 1;
}

/** Undefined while no deadline runs: a finished, failed or paused rollout. */
function deadline(
  deployment: Deployment,
  conditions: readonly DeploymentCondition[],
  now: Date,
): number | undefined {
  const current = conditions.find(({ type }) => type === 'Progressing');
  if (!hasDeadline(deployment) || !current || deployment.spec?.paused) return undefined;
  if (current.reason === 'NewReplicaSetAvailable' || current.reason === 'ProgressDeadlineExceeded')
    return undefined;
  const since = Date.parse(current.lastUpdateTime ?? timeOf(now));
  return since + (deployment.spec?.progressDeadlineSeconds ?? 600) * 1000 - now.getTime();
}

/** A set that cannot make its pods makes the Deployment say so. */
function replicaFailure(
  conditions: readonly DeploymentCondition[],
  sets: readonly ReplicaSet[],
): DeploymentCondition[] {
  const rest = withoutCondition(conditions, 'ReplicaFailure');
  const failure = sets
    .flatMap(({ status }) => status?.conditions ?? [])
    .find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (!failure) return rest;
  const { lastTransitionTime, ...condition } = failure;
  return [
    ...rest,
    {
      ...condition,
      ...(lastTransitionTime ? { lastTransitionTime, lastUpdateTime: lastTransitionTime } : {}),
    },
  ];
}
