import type { DeleteOptions } from '@wheelhouse/shared/client/client';
import { ApiError, apiError, forbidden, isConflict, notFound } from '@wheelhouse/shared/errors';
import type { PodDisruptionBudget } from '@wheelhouse/shared/kinds/policy/pod-disruption-budget';
import { cloneJson } from '@wheelhouse/shared/meta/json';
import { selectorFromLabelSelector } from '@wheelhouse/shared/meta/labels';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import { timestamp } from '@wheelhouse/shared/meta/timestamp';
import type { Pod } from 'kubernetes-types/core/v1';
import { success, UNPROBED } from './binding';
import { deleteObject } from './delete';
import type { Ref, RequestContext, WriteOutcome } from './request-context';
import type { StoredResource } from './stored-resource';
import { mutateObject } from './update';

/** Evictions that a budget's controller has not confirmed yet; more are refused. */
const MOST_DISRUPTED = 2000;
/** Seconds after which a client is asked to try again. */
const RETRY_SECONDS = 10;
const ATTEMPTS = 5;

/** The API server's own: a user who may evict need not be one who may write budgets. */
const SELF = { name: 'system:apiserver', groups: ['system:masters'] };

interface Eviction {
  readonly context: RequestContext;
  readonly ref: Ref;
  readonly options: DeleteOptions;
  /** What was posted. */
  readonly body: KubeObject;
}

const EVICTION_KIND = { group: 'policy', version: 'v1', kind: 'Eviction' } as const;

/**
 * Deletes a pod by choice, where the disruption budget that covers it allows it. Pods that have ended, have not
 * begun or are going anyway cost no budget; unready ones cost none where their budget says so.
 */
export async function evictPod(
  pods: StoredResource,
  budgets: StoredResource,
  eviction: Eviction,
): Promise<WriteOutcome> {
  const { ref, context, body } = eviction;
  let isAdmitted = false;
  for (let attempt = 1; ; attempt++) {
    const pod = await readPod(pods, ref);
    if (!isAdmitted) {
      const subresource = 'eviction';
      const sent = { operation: 'create', kind: EVICTION_KIND, object: body, oldObject: undefined } as const;
      await pods.admit('create', { context, ref, subresource, object: undefined, oldObject: pod, sent });
      isAdmitted = true;
    }
    if (!costsNothing(pod)) return evictCovered(pods, budgets, eviction, pod);
    try {
      // What has ended stays so; a pending pod may start to run in this moment, and then it has to be asked for again.
      const settled = pod.status?.phase !== 'Pending' || pod.metadata.deletionTimestamp !== undefined;
      return await deleteEvicted(pods, eviction, settled ? undefined : pod);
    } catch (error) {
      const insists = eviction.options.preconditions?.resourceVersion !== undefined;
      if (!isConflict(error) || insists || attempt >= ATTEMPTS) throw error;
    }
  }
}

async function evictCovered(
  pods: StoredResource,
  budgets: StoredResource,
  eviction: Eviction,
  pod: Stored<Pod>,
): Promise<WriteOutcome> {
  const covering = budgetsOf(budgets, pod);
  const [budget] = covering;
  if (!budget) return deleteEvicted(pods, eviction, undefined);
  if (covering.length > 1) {
    throw new ApiError({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      reason: 'InternalError',
      message:
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      code: 500,
    });
  }
  if (isUnready(pod) && unreadyMayGo(budget)) {
    try {
      return await deleteEvicted(pods, eviction, pod);
    } catch (error) {
      if (!isConflict(error) || eviction.options.preconditions?.resourceVersion !== undefined) throw error;
      throw stillProcessed(budget.metadata.name);
    }
  }
  await spend(budgets, budget, pod, eviction.context.dryRun);
  return deleteEvicted(pods, eviction, undefined);
}

async function readPod(pods: StoredResource, ref: Ref): Promise<Stored<Pod>> {
  await pods.services.feed.fresh();
  const entry = pods.cache.index.get(pods.key(ref));
  if (!entry) throw notFound(pods.subject(ref.name));
  // The resource is that of pods.
  return pods.view(entry) as Stored<Pod>;
}

function costsNothing(pod: Stored<Pod>): boolean {
  const phase = pod.status?.phase;
  return (
    phase === 'Succeeded' ||
    phase === 'Failed' ||
    phase === 'Pending' ||
    pod.metadata.deletionTimestamp !== undefined
  );
}

/** A budget without a selector covers nothing, one with an empty selector its whole namespace. */
function budgetsOf(budgets: StoredResource, pod: Stored<Pod>): Stored<PodDisruptionBudget>[] {
  const found: Stored<PodDisruptionBudget>[] = [];
  for (const entry of budgets.cache.index.inNamespace(pod.metadata.namespace ?? '')) {
    const budget = budgets.view(entry) as Stored<PodDisruptionBudget>;
    if (selectorFromLabelSelector(budget.spec?.selector).matches(pod.metadata.labels)) found.push(budget);
  }
  return found;
}

function isUnready(pod: Pod): boolean {
  return !(pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
}

function unreadyMayGo({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

/**
 * Takes one disruption from the budget and notes for whom, so that its controller counts the pod as gone before it
 * is. Checked again on what really stands there when another eviction was faster.
 */
async function spend(
  budgets: StoredResource,
  budget: Stored<PodDisruptionBudget>,
  pod: Stored<Pod>,
  dryRun: boolean,
): Promise<void> {
  const { name, namespace } = budget.metadata;
  await mutateObject(budgets, {
    context: { user: SELF, dryRun, fieldValidation: 'Ignore', warnings: [], impersonatedBy: undefined },
    ref: { name, namespace },
    rules: 'status',
    subresource: 'status',
    isOwn: true,
    build(current) {
      const next = cloneJson<PodDisruptionBudget>(current as Stored<PodDisruptionBudget>);
      next.metadata = { ...next.metadata, resourceVersion: '' };
      const status = spent(current as Stored<PodDisruptionBudget>, pod, timestamp(budgets.now()));
      return { ...next, status };
    },
  });
}

/** The status after one more disruption. Throws where there is none left. */
export function spent(
  budget: Stored<PodDisruptionBudget>,
  pod: Stored<Pod>,
  now: string,
): NonNullable<PodDisruptionBudget['status']> {
  const { name, generation = 0 } = budget.metadata;
  const status = cloneJson(
    budget.status ?? { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
  );
  if ((status.observedGeneration ?? 0) < generation) throw stillProcessed(name);
  const subject = { group: 'policy', kind: 'poddisruptionbudget', name };
  if (status.disruptionsAllowed < 0) throw forbidden(subject, 'pdb disruptions allowed is negative');
  const disrupted = { ...status.disruptedPods };
  if (Object.keys(disrupted).length > MOST_DISRUPTED) {
    throw forbidden(
      subject,
      'DisruptedPods map too big - too many evictions not confirmed by PDB controller',
    );
  }
  if (status.disruptionsAllowed === 0) {
    throw refused(
      `The disruption budget ${name} needs ${status.desiredHealthy} healthy pods and has ${status.currentHealthy} currently`,
    );
  }
  const left = status.disruptionsAllowed - 1;
  disrupted[pod.metadata.name] = now;
  return {
    ...status,
    disruptionsAllowed: left,
    disruptedPods: disrupted,
    ...(left === 0 ? { conditions: exhausted(status, now) } : {}),
  };
}

function exhausted(status: NonNullable<PodDisruptionBudget['status']>, now: string) {
  const conditions = status.conditions ?? [];
  const former = conditions.find(({ type }) => type === 'DisruptionAllowed');
  const condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'InsufficientPods',
    message: '',
    observedGeneration: status.observedGeneration ?? 0,
    lastTransitionTime: former?.status === 'False' ? former.lastTransitionTime : now,
  };
  return [...conditions.filter((one) => one !== former), condition];
}

function stillProcessed(name: string): ApiError {
  return refused(`The disruption budget ${name} is still being processed by the server.`);
}

function refused(why: string): ApiError {
  return apiError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message: why }],
    retryAfterSeconds: RETRY_SECONDS,
  });
}

/** Says in the pod's status why it goes, then deletes it. With `unchanged` only as long as it is what was looked at. */
async function deleteEvicted(
  pods: StoredResource,
  eviction: Eviction,
  unchanged: Stored<Pod> | undefined,
): Promise<WriteOutcome> {
  const { context, ref } = eviction;
  const { resourceVersion: asked, ...preconditions } = eviction.options.preconditions ?? {};
  const required = asked ?? unchanged?.metadata.resourceVersion;
  let options: DeleteOptions = {
    ...eviction.options,
    ...(required === undefined ? {} : { preconditions: { ...preconditions, resourceVersion: required } }),
  };
  let before: WriteOutcome['before'];
  if (!context.dryRun) {
    const marked = await mutateObject(pods, {
      context,
      ref,
      rules: 'internal',
      subresource: 'status',
      isOwn: true,
      build: (current) => withDisruption(current, required, timestamp(pods.now())),
    });
    before = marked.before;
    // The mark moved the revision on; nobody else may have.
    const revision = marked.after?.object.metadata.resourceVersion;
    if (required !== undefined && revision !== undefined) {
      options = { ...options, preconditions: { ...preconditions, resourceVersion: revision } };
    }
  }
  const outcome = await deleteObject(pods, { context, ref, options, isAdmitted: true });
  return { ...outcome, before: before ?? outcome.before, answer: success(), created: true };
}

function withDisruption(current: Stored<KubeObject>, required: string | undefined, now: string): KubeObject {
  // The resource is that of pods.
  const pod = cloneJson<Pod>(current as Pod);
  const conditions = pod.status?.conditions ?? [];
  const former = conditions.find(({ type }) => type === 'DisruptionTarget');
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    ...UNPROBED,
    lastTransitionTime: former?.status === 'True' ? (former.lastTransitionTime ?? now) : now,
  };
  const next: Pod = {
    ...pod,
    metadata: { ...pod.metadata, resourceVersion: required ?? '' },
    status: { ...pod.status, conditions: [...conditions.filter((one) => one !== former), condition] },
  };
  return next;
}
