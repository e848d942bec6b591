import { asApiError, isNotFound } from '@wheelhouse/shared/errors';
import { isJobFinished, JOB_NAME, type Job, jobKind } from '@wheelhouse/shared/kinds/batch/job';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { controllerOf, controllerReference, refersTo } from '../machinery/owners';
import { isActive } from '../machinery/pods';
import { selectorMatcher } from '../machinery/selectors';
import { slowStart } from '../machinery/slow-start';
import { type BackoffRecord, NO_FAILURES } from './backoff';
import { newPod } from './new-pod';
import { type JobPlan, planJob } from './plan';
import { isTracked, TRACKING_FINALIZER } from './pods';

/** What manages a job when it does not name another. */
const OWN_MANAGER = 'kubernetes.io/job-controller';
/** Steps that one reconcile makes: a status is stored, pods are let go, counts follow. */
const ROUNDS = 4;

/**
 * Runs pods to their end as often as jobs ask for. Each end is counted once: it is noted in the job's status while a
 * finalizer still holds the pod, and becomes a count when that is gone.
 */
export const jobController: ControllerDefinition = {
  name: 'job',
  setup(context) {
    const { client, clock } = context;
    const queue = context.queue();
    const jobs = context.cache(jobKind);
    const pods = context.cache(podKind);
    const events = context.recorder('job-controller');
    /** By uid; lost with the process, as in Kubernetes: then a pod is made a little earlier than it could be. */
    const backoffs = new Map<string, BackoffRecord>();

    context.informer(jobKind).subscribe({
      added: (job) => queue.add(keyOf(job)),
      updated: (job) => queue.add(keyOf(job)),
      deleted(job) {
        backoffs.delete(job.metadata.uid);
        queue.add(keyOf(job));
      },
    });
    context.informer(podKind).subscribe({
      added: enqueueJob,
      updated(pod, previous) {
        if (controllerOf(pod)?.uid !== controllerOf(previous)?.uid) enqueueJob(previous);
        enqueueJob(pod);
      },
      deleted: enqueueJob,
    });

    function enqueueJob(pod: Stored<Pod>): void {
      const controller = controllerOf(pod);
      const namespace = pod.metadata.namespace ?? '';
      if (controller) {
        if (refersTo(controller, jobKind)) queue.add(`${namespace}/${controller.name}`);
        return;
      }
      const former = isTracked(pod) ? formerJob(pod) : undefined;
      if (former) queue.add(former);
      if (pod.metadata.deletionTimestamp) return;
      for (const job of jobs.byIndex('namespace', namespace)) {
        if (selectorMatcher(job.spec?.selector)(pod.metadata.labels)) queue.add(keyOf(job));
      }
    }

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      await freeStrays(key);
      let requeueAfterMs: number | undefined;
      for (let round = 0; round < ROUNDS; round++) {
        const job = jobs.get(key);
        if (!job || (job.spec?.managedBy ?? OWN_MANAGER) !== OWN_MANAGER) return undefined;
        await claim(job);
        const { uid } = job.metadata;
        const backoff = backoffs.get(uid) ?? NO_FAILURES;
        const plan = planJob(job, pods.byIndex('controller', uid), backoff, clock.now());
        const wrote = await carryOut(job, plan);
        requeueAfterMs = plan.requeueAfterMs;
        if (!wrote) break;
      }
      return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
    }

    /** True when something was written, so that another look may find more to do. */
    async function carryOut(job: Stored<Job>, plan: JobPlan): Promise<boolean> {
      if (plan.statusChanged) {
        try {
          await client.update(jobKind, { ...job, status: plan.status }, { subresource: 'status' });
        } catch (error) {
          if (isNotFound(error)) return false;
          throw error;
        }
        // With the status, in which these ends are noted now: whatever fails from here on, they are not taken in again.
        const { uid } = job.metadata;
        if (isJobFinished({ ...job, status: plan.status })) backoffs.delete(uid);
        else backoffs.set(uid, plan.backoff);
        for (const { type, reason, message } of plan.events) events.record(job, type, reason, message);
      }
      await settle(plan.release.map((pod) => release(pod)));
      await settle(plan.remove.map((pod) => removePod(job, pod)));
      const { succeeded, error } = await slowStart(plan.create.length, async (i) => {
        const wanted = plan.create[i];
        if (!wanted) return;
        const pod = await client.create(podKind, newPod(job, wanted));
        events.record(job, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
      });
      if (error) {
        events.record(job, 'Warning', 'FailedCreate', `Error creating: ${asApiError(error).message}`);
        throw error;
      }
      return plan.statusChanged || plan.release.length + plan.remove.length + succeeded > 0;
    }

    async function release(pod: Stored<Pod>): Promise<void> {
      const { uid, resourceVersion, finalizers = [] } = pod.metadata;
      const left = finalizers.filter((name) => name !== TRACKING_FINALIZER);
      if (left.length === finalizers.length) return;
      const body = { metadata: { uid, resourceVersion, finalizers: left.length > 0 ? left : null } };
      try {
        await client.patch(podKind, pod.metadata, { type: 'merge', body });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }

    async function removePod(job: Stored<Job>, pod: Stored<Pod>): Promise<void> {
      const { name, uid } = pod.metadata;
      try {
        await client.delete(podKind, pod.metadata, { preconditions: { uid } });
        events.record(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
      } catch (error) {
        if (isNotFound(error)) return;
        events.record(job, 'Warning', 'FailedDelete', `Error deleting: ${asApiError(error).message}`);
        throw error;
      }
    }

    /** Takes on matching pods that nobody owns, and lets go of own ones that match no longer. */
    async function claim(job: Stored<Job>): Promise<void> {
      if (job.metadata.deletionTimestamp || isJobFinished(job)) return;
      const matches = selectorMatcher(job.spec?.selector);
      const { namespace = '', uid } = job.metadata;
      const lost = pods
        .byIndex('controller', uid)
        .filter((pod) => !pod.metadata.deletionTimestamp && !matches(pod.metadata.labels));
      for (const pod of lost) await disown(pod, uid);
      const found = pods
        .byIndex('orphan', namespace)
        .filter((pod) => isActive(pod) && matches(pod.metadata.labels));
      if (found.length === 0) return;
      // The cache may not know yet that the job is gone or going; adopting then would make the pods die with it.
      const fresh = await client.get(jobKind, job.metadata);
      if (fresh.metadata.uid !== uid || fresh.metadata.deletionTimestamp) {
        throw new Error(`job ${keyOf(job)} has been deleted meanwhile, so adopts no pods`);
      }
      for (const pod of found) await adopt(job, pod);
    }

    async function adopt(job: Stored<Job>, pod: Stored<Pod>): Promise<void> {
      const { uid, resourceVersion, ownerReferences = [], finalizers = [] } = pod.metadata;
      const metadata = {
        uid,
        resourceVersion,
        ownerReferences: [...ownerReferences, controllerReference(jobKind, job)],
        finalizers: [...new Set([...finalizers, TRACKING_FINALIZER])],
      };
      await client.patch(podKind, pod.metadata, { type: 'merge', body: { metadata } });
    }

    async function disown(pod: Stored<Pod>, owner: string): Promise<void> {
      const { uid, resourceVersion, ownerReferences = [], finalizers = [] } = pod.metadata;
      const left = finalizers.filter((name) => name !== TRACKING_FINALIZER);
      const metadata = {
        uid,
        resourceVersion,
        ownerReferences: ownerReferences.filter((reference) => reference.uid !== owner),
        finalizers: left.length > 0 ? left : null,
      };
      await client.patch(podKind, pod.metadata, { type: 'merge', body: { metadata } });
    }

    /** Pods of this name's former jobs: nobody counts them any more, so nothing may hold them. */
    async function freeStrays(key: ObjectKey): Promise<void> {
      const uid = jobs.get(key)?.metadata.uid;
      const strays = pods
        .byIndex('job', key)
        .filter((pod) => isTracked(pod) && controllerOf(pod)?.uid !== uid);
      await settle(strays.map((pod) => release(pod)));
      // Orphaned by a deletion: it is still held, and belongs to no one.
      if (uid !== undefined) return;
      const orphans = pods
        .byIndex('orphan', key.slice(0, key.indexOf('/')))
        .filter((pod) => isTracked(pod) && formerJob(pod) === key);
      await settle(orphans.map((pod) => release(pod)));
    }

    return { name: 'jobs', queue, reconcile };
  },
};

/** Waits for all, then fails if one did. */
async function settle(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

/** The job that made a pod which nobody owns any more. */
function formerJob({ metadata }: Stored<Pod>): ObjectKey | undefined {
  const name = metadata.labels?.[JOB_NAME];
  return name === undefined ? undefined : `${metadata.namespace}/${name}`;
}
