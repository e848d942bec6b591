import type { FleetCronJob } from '@wheelhouse/shared/console/protocol';
import type { CronJob } from 'kubernetes-types/batch/v1';
import { callApi, inWords } from '../api/call-api';
import { pathOf } from '../api/paths';
import { toast } from '../ui/ui-store';

const LONGEST_NAME = 63;

export async function setSuspended(job: FleetCronJob, suspend: boolean): Promise<void> {
  try {
    await callApi(pathOf(job), {
      method: 'PATCH',
      contentType: 'application/merge-patch+json',
      body: { spec: { suspend } },
    });
  } catch (error) {
    toast('error', `${job.name} stays as it was`, inWords(error));
  }
}

/** A job out of the template, now, the way `kubectl create job --from` makes one. */
export async function runNow(job: FleetCronJob): Promise<void> {
  try {
    // The path names the kind; the API answers with an object of it.
    const cron = (await callApi(pathOf(job))) as CronJob;
    const name = `${job.name.slice(0, LONGEST_NAME - 14)}-manual-${suffix()}`;
    await callApi(`/apis/batch/v1/namespaces/${encodeURIComponent(job.namespace)}/jobs`, {
      method: 'POST',
      body: manualJob(cron, { name, namespace: job.namespace, uid: job.uid }),
    });
    toast('done', `${name} was started`);
  } catch (error) {
    toast('error', `${job.name} was not started`, inWords(error));
  }
}

interface ManualJob {
  readonly name: string;
  readonly namespace: string;
  /** Of the cron job that it belongs to from now on. */
  readonly uid: string;
}

export function manualJob(cron: CronJob, { name, namespace, uid }: ManualJob): object {
  const { metadata, spec } = cron.spec?.jobTemplate ?? {};
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace,
      labels: metadata?.labels ?? {},
      annotations: { ...metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [
        {
          apiVersion: 'batch/v1',
          kind: 'CronJob',
          name: cron.metadata?.name ?? '',
          uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec,
  };
}

const suffix = () => Math.random().toString(36).slice(2, 7).padEnd(5, 'x');
