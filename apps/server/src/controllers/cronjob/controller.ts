import { asApiError, isAlreadyExists, isNotFound } from '@wheelhouse/shared/errors';
import { type CronJob, cronJobKind } from '@wheelhouse/shared/kinds/batch/cron-job';
import { type Job, jobKind } from '@wheelhouse/shared/kinds/batch/job';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { CronJobStatus } from 'kubernetes-types/batch/v1';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { controllerOf, refersTo } from '../machinery/owners';
import { sameJson } from '../machinery/same-json';
import { planCronJob, referenceTo, withActive } from './plan';

/** Starts jobs when their time has come: one for each time, since a job's name says for which time it is. */
export const cronJobController: ControllerDefinition = {
  name: 'cronjob',
  setup(context) {
    const { client, clock } = context;
    const queue = context.queue();
    const crons = context.cache(cronJobKind);
    const jobs = context.cache(jobKind);
    const events = context.recorder('cronjob-controller');

    context.informer(cronJobKind).subscribe({
      added: (cron) => queue.add(keyOf(cron)),
      updated: (cron) => queue.add(keyOf(cron)),
    });
    context.informer(jobKind).subscribe({
      added: enqueueOwner,
      updated: enqueueOwner,
      deleted: enqueueOwner,
    });

    function enqueueOwner(job: Stored<Job>): void {
      const controller = controllerOf(job);
      if (controller && refersTo(controller, cronJobKind)) {
        queue.add(`${job.metadata.namespace}/${controller.name}`);
      }
    }

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const cron = crons.get(key);
      if (!cron) return undefined;
      const plan = planCronJob(cron, jobs.byIndex('controller', cron.metadata.uid), clock.now());
      for (const { type, reason, message } of plan.events) events.record(cron, type, reason, message);
      for (const job of plan.forget) await remove(cron, job);
      for (const job of plan.replace) await remove(cron, job);
      let { status } = plan;
      if (plan.start) {
        const started = await start(cron, plan.start.job);
        if (started) {
          const others = (status.active ?? []).filter(({ uid }) => uid !== started.metadata.uid);
          status = {
            ...withActive(status, [...others, referenceTo(started)]),
            lastScheduleTime: plan.start.time,
          };
        } else status = { ...status, lastScheduleTime: plan.start.time };
      }
      await writeStatus(cron, status);
      return plan.requeueAfterMs === undefined ? undefined : { requeueAfterMs: plan.requeueAfterMs };
    }

    /** Undefined: a job of this name is there and is none of ours, so this time is passed over. */
    async function start(cron: Stored<CronJob>, job: Job): Promise<Stored<Job> | undefined> {
      try {
        const created = await client.create(jobKind, job);
        events.record(cron, 'Normal', 'SuccessfulCreate', `Created job ${created.metadata.name}`);
        return created;
      } catch (error) {
        if (isAlreadyExists(error)) {
          const { name = '', namespace } = job.metadata ?? {};
          const there = await client.get(jobKind, { name, namespace });
          return controllerOf(there)?.uid === cron.metadata.uid ? there : undefined;
        }
        events.record(cron, 'Warning', 'FailedCreate', `Error creating job: ${asApiError(error).message}`);
        throw error;
      }
    }

    async function remove(cron: Stored<CronJob>, job: Stored<Job>): Promise<void> {
      const { name, uid } = job.metadata;
      try {
        await client.delete(jobKind, job.metadata, {
          propagationPolicy: 'Background',
          preconditions: { uid },
        });
        events.record(cron, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`);
      } catch (error) {
        if (isNotFound(error)) return;
        events.record(cron, 'Warning', 'FailedDelete', `Deleted job: ${asApiError(error).message}`);
        throw error;
      }
    }

    async function writeStatus(cron: Stored<CronJob>, status: CronJobStatus): Promise<void> {
      if (sameJson(status, cron.status ?? {})) return;
      try {
        await client.update(cronJobKind, { ...cron, status }, { subresource: 'status' });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }

    return { name: 'cronjobs', queue, reconcile };
  },
};
