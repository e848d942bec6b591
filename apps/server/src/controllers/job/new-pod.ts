import { jobKind } from '@wheelhouse/shared/kinds/batch/job';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Job } from 'kubernetes-types/batch/v1';
import type { Container, EnvVar, Pod } from 'kubernetes-types/core/v1';
import { controllerReference } from '../machinery/owners';
import { podFromTemplate } from '../machinery/pods';
import type { NewPod } from './plan';
import { COMPLETION_INDEX, INDEX_FAILURES, INDEX_IGNORED_FAILURES, TRACKING_FINALIZER } from './pods';

const INDEX_VARIABLE: EnvVar = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: { fieldRef: { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` } },
};

/** A name prefix may have so many characters that five random ones still fit into a label. */
const LONGEST_PREFIX = 58;

/** The pod that a job makes: held by a finalizer until its end is counted, and of an Indexed Job told its index. */
export function newPod(job: Stored<Job>, wanted: NewPod): Pod {
  const pod = podFromTemplate(job.spec?.template, job.metadata.name, controllerReference(jobKind, job));
  const { index, failures, ignoredFailures } = wanted;
  const metadata = {
    ...pod.metadata,
    namespace: job.metadata.namespace ?? '',
    finalizers: [...new Set([...(pod.metadata?.finalizers ?? []), TRACKING_FINALIZER])],
  };
  if (index === undefined) return { ...pod, metadata };
  const suffix = `-${index}-`;
  const base = job.metadata.name.slice(0, LONGEST_PREFIX - suffix.length);
  return {
    metadata: {
      ...metadata,
      generateName: `${base}${suffix}`,
      labels: { ...metadata.labels, [COMPLETION_INDEX]: String(index) },
      annotations: {
        ...metadata.annotations,
        [COMPLETION_INDEX]: String(index),
        ...(failures === undefined ? {} : { [INDEX_FAILURES]: String(failures) }),
        ...(ignoredFailures > 0 ? { [INDEX_IGNORED_FAILURES]: String(ignoredFailures) } : {}),
      },
    },
    ...(pod.spec
      ? {
          spec: {
            ...pod.spec,
            hostname: `${job.metadata.name}-${index}`,
            containers: pod.spec.containers.map(withIndex),
            ...(pod.spec.initContainers ? { initContainers: pod.spec.initContainers.map(withIndex) } : {}),
          },
        }
      : {}),
  };
}

function withIndex(container: Container): Container {
  const env = container.env ?? [];
  if (env.some(({ name }) => name === INDEX_VARIABLE.name)) return container;
  return { ...container, env: [...env, INDEX_VARIABLE] };
}
