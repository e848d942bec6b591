import type { Stored } from '@wheelhouse/shared/meta/object';
import { quantityMillis } from '@wheelhouse/shared/meta/quantity';
import type { Pod } from 'kubernetes-types/core/v1';

/** Changes smaller than this share are not worth a pod. */
export const TOLERANCE = 0.1;
/** In this time after its start a pod may be busy with starting. */
const WARM_UP_MS = 5 * 60_000;
/** A pod that was unready since before this has never been ready. */
const FIRST_READY_MS = 30_000;

/** What one pod uses, in thousandths of the resource's unit. */
export interface PodUse {
  readonly millis: number;
  /** End of the window and its length, in milliseconds. */
  readonly time: number;
  readonly windowMs: number;
}

export interface ResourceQuestion {
  readonly resource: string;
  /** One container of each pod; undefined: all of them. */
  readonly container: string | undefined;
  readonly target:
    | { readonly type: 'utilization'; readonly percent: number }
    | { readonly type: 'averageValue'; readonly millis: number };
  readonly currentReplicas: number;
  readonly pods: readonly Stored<Pod>[];
  /** By pod name. */
  readonly uses: ReadonlyMap<string, PodUse>;
  readonly now: Date;
}

export type ResourceAnswer =
  | {
      readonly ok: true;
      readonly replicas: number;
      /** Percent of what the pods request; undefined for targets of plain amounts. */
      readonly utilization: number | undefined;
      readonly averageMillis: number;
    }
  | { readonly ok: false; readonly message: string };

/**
 * How many replicas bring the average to its target. Pods that nobody has measured count against the change: as busy
 * when there would be fewer, as idle when there would be more; so do pods that are still starting.
 */
export function replicasForResource(question: ResourceQuestion): ResourceAnswer {
  const { pods, target, currentReplicas } = question;
  if (question.uses.size === 0) {
    const { resource } = question;
    return refuse(
      `unable to get metrics for resource ${resource}: no metrics returned from resource metrics API`,
    );
  }
  if (pods.length === 0) return refuse('no pods returned by selector while calculating replica count');
  const { ready, unready, missing, uses } = sortPods(question);
  if (uses.size === 0) return refuse('did not receive metrics for targeted pods (pods might be unready)');

  const requests = new Map<string, number>();
  if (target.type === 'utilization') {
    for (const pod of pods) {
      const request = requestOf(pod, question);
      if (typeof request !== 'number') return refuse(request.missing);
      requests.set(pod.metadata.name, request);
    }
  }
  const measure = (values: ReadonlyMap<string, number>) => ratioOf(values, requests, target);
  const measured = measure(uses);
  if (!measured) return refuse('no metrics returned matched known pods');
  const { ratio, utilization, averageMillis } = measured;
  const answer = (replicas: number): ResourceAnswer => ({ ok: true, replicas, utilization, averageMillis });

  const upWithUnready = unready.length > 0 && ratio > 1;
  if (!upWithUnready && missing.length === 0) {
    return answer(withinTolerance(ratio) ? currentReplicas : Math.ceil(ratio * ready));
  }
  const filled = new Map(uses);
  if (ratio < 1) {
    for (const name of missing) {
      const full =
        target.type === 'utilization'
          ? ((requests.get(name) ?? 0) * Math.max(100, target.percent)) / 100
          : target.millis;
      filled.set(name, full);
    }
  } else if (ratio > 1) for (const name of missing) filled.set(name, 0);
  if (upWithUnready) for (const name of unready) filled.set(name, 0);
  const careful = measure(filled)?.ratio ?? ratio;
  // Too small a change, or one in the other direction: nothing is to be done on such a basis.
  if (withinTolerance(careful) || (ratio < 1 && careful > 1) || (ratio > 1 && careful < 1)) {
    return answer(currentReplicas);
  }
  const replicas = Math.ceil(careful * filled.size);
  if ((careful < 1 && replicas > currentReplicas) || (careful > 1 && replicas < currentReplicas)) {
    return answer(currentReplicas);
  }
  return answer(replicas);
}

function withinTolerance(ratio: number): boolean {
  return Math.abs(1 - ratio) <= TOLERANCE + 1e-9;
}

function refuse(message: string): ResourceAnswer {
  return { ok: false, message };
}

/** Which pods' figures mean something. */
function sortPods({ pods, uses, resource, now }: ResourceQuestion) {
  const known = new Map<string, number>();
  const unready: string[] = [];
  const missing: string[] = [];
  let ready = 0;
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp || pod.status?.phase === 'Failed') continue;
    const use = uses.get(name);
    if (pod.status?.phase === 'Pending') unready.push(name);
    else if (!use) missing.push(name);
    else if (resource === 'cpu' && isStarting(pod, use, now)) unready.push(name);
    else {
      known.set(name, use.millis);
      ready++;
    }
  }
  return { ready, unready, missing, uses: known };
}

/** Processor time of a pod that is starting says nothing about its load. */
function isStarting(pod: Pod, use: PodUse, now: Date): boolean {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  const started = Date.parse(pod.status?.startTime ?? '');
  if (!condition || Number.isNaN(started)) return true;
  const changed = Date.parse(condition.lastTransitionTime ?? '') || 0;
  const isUnready = condition.status === 'False';
  if (started + WARM_UP_MS > now.getTime()) return isUnready || use.time < changed + use.windowMs;
  return isUnready && started + FIRST_READY_MS > changed;
}

function requestOf(
  pod: Stored<Pod>,
  { container: wanted, resource }: ResourceQuestion,
): number | { readonly missing: string } {
  let sum = 0;
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const { name, resources } of [...containers, ...sidecars]) {
    if (wanted !== undefined && wanted !== name) continue;
    const request = resources?.requests?.[resource];
    if (request === undefined) {
      return { missing: `missing request for ${resource} in container ${name} of Pod ${pod.metadata.name}` };
    }
    sum += quantityMillis(request);
  }
  return sum;
}

function ratioOf(
  values: ReadonlyMap<string, number>,
  requests: ReadonlyMap<string, number>,
  target: ResourceQuestion['target'],
): { ratio: number; utilization: number | undefined; averageMillis: number } | undefined {
  let used = 0;
  let requested = 0;
  let count = 0;
  for (const [name, value] of values) {
    if (target.type === 'utilization' && !requests.has(name)) continue;
    used += value;
    requested += requests.get(name) ?? 0;
    count++;
  }
  if (count === 0) return undefined;
  const averageMillis = Math.floor(used / count);
  if (target.type === 'averageValue') {
    return { ratio: averageMillis / target.millis, utilization: undefined, averageMillis };
  }
  if (requested === 0) return undefined;
  const utilization = Math.floor((used * 100) / requested);
  return { ratio: utilization / target.percent, utilization, averageMillis };
}
