import type { Job, JobSpec, JobStatus } from 'kubernetes-types/batch/v1';
import { humanDuration } from '../../meta/duration';
import { type FieldError, immutable, invalidValue, required } from '../../meta/field-error';
import { cloneJson } from '../../meta/json';
import type { KindDefinition } from '../../meta/kind';
import { selectorFromLabelSelector, validateLabelSelector } from '../../meta/labels';
import { dns1123Label } from '../../meta/names';
import { ageColumn, containerColumns, nameColumn } from '../columns';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { selectsOthers } from '../workload';
import { defaultJobSpec, validateJobSpec } from './job-spec';
import { validateJobStatus, validateJobStatusUpdate } from './job-status';

export type { Job };

export const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid';
export const JOB_NAME = 'batch.kubernetes.io/job-name';
/** The same without the prefix, as they were called before. */
export const LEGACY_CONTROLLER_UID = 'controller-uid';
export const LEGACY_JOB_NAME = 'job-name';

export const jobKind: KindDefinition<Job> = {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  singular: 'job',
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.batch.v1.Job',
  status: true,
  defaultPropagation: 'orphan',
  selectableFields: { 'status.successful': (job) => String(job.status?.succeeded ?? 0) },
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'Status of the job.', cell: statusWord },
    {
      name: 'Completions',
      type: 'string',
      description: 'How many pods have succeeded, of those that are wanted.',
      cell: ({ spec, status }) => {
        const succeeded = status?.succeeded ?? 0;
        if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
        const parallelism = spec?.parallelism ?? 0;
        return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
      },
    },
    {
      name: 'Duration',
      type: 'string',
      description: 'Time required to complete the job.',
      cell: ({ status }, now) => {
        if (!status?.startTime) return '';
        const end = status.completionTime ? Date.parse(status.completionTime) : now.getTime();
        return humanDuration(end - Date.parse(status.startTime));
      },
    },
    ageColumn,
    ...containerColumns<Job>((job) => job.spec?.template?.spec?.containers ?? []),
    {
      name: 'Selector',
      type: 'string',
      priority: 1,
      description: 'A label query over the pods of this job.',
      cell: ({ spec }) => selectorFromLabelSelector(spec?.selector).toString() || '<none>',
    },
  ],
  default(job) {
    if (!job.spec) return;
    const labels = job.spec.template?.metadata?.labels;
    if (labels && Object.keys(labels).length > 0 && job.metadata) {
      // Shared until the generated labels are added, so that it is seen that they are no choice of the user's.
      if (Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = labels;
    }
    defaultJobSpec(job.spec);
  },
  prepareForCreate(job) {
    if (job.spec && !job.spec.manualSelector) generateSelector(job, job.spec);
    setStatus(job, {});
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatus,
  validate(job) {
    const { metadata, spec } = job;
    const errors: FieldError[] = [];
    errors.push(...validateGenerated(job));
    errors.push(...validateJobSpec(spec, 'spec'));
    const broken = spec?.selector ? validateLabelSelector(spec.selector, 'spec.selector') : [];
    errors.push(...(spec?.selector ? broken : [required('spec.selector')]));
    // No selector at all selects nothing, its own pods neither.
    const labels = spec?.template?.metadata?.labels;
    if (broken.length === 0 && !selectorFromLabelSelector(spec?.selector).matches(labels)) {
      errors.push(selectsOthers('spec.template.metadata.labels', labels));
    }
    if (!metadata?.resourceVersion) errors.push(...validateHostnames(job));
    return errors;
  },
  validateUpdate(next, previous) {
    const [spec, old] = [next.spec, previous.spec];
    const fixed = (name: keyof JobSpec) => immutable(`spec.${name}`, spec?.[name], old?.[name]);
    return [
      ...validateCompletions(spec, old),
      ...fixed('selector'),
      ...validateTemplate(next, previous),
      ...fixed('completionMode'),
      ...fixed('podFailurePolicy'),
      ...fixed('backoffLimitPerIndex'),
      ...fixed('managedBy'),
      ...fixed('successPolicy'),
    ];
  },
  validateStatusUpdate: (next, previous) => [
    ...validateJobStatus(next),
    ...validateJobStatusUpdate(next, previous),
  ],
};

export function hasJobCondition(status: JobStatus | undefined, type: string): boolean {
  return (status?.conditions ?? []).some(
    (condition) => condition.type === type && condition.status === 'True',
  );
}

/** True once a job has come to its end, either way. */
export function isJobFinished(job: Job): boolean {
  return hasJobCondition(job.status, 'Complete') || hasJobCondition(job.status, 'Failed');
}

function statusWord({ metadata, status }: Job): string {
  if (hasJobCondition(status, 'Complete')) return 'Complete';
  if (hasJobCondition(status, 'Failed')) return 'Failed';
  if (metadata?.deletionTimestamp) return 'Terminating';
  const word = ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find((type) =>
    hasJobCondition(status, type),
  );
  return word ?? 'Running';
}

/** Labels that no other job's pods carry, and a selector for them. What the user had set is left to validation. */
function generateSelector(job: Job, spec: JobSpec): void {
  const { uid = '', name = '' } = job.metadata ?? {};
  const template = spec.template ?? {};
  const own = template.metadata?.labels;
  const shared = job.metadata?.labels === own || Object.keys(job.metadata?.labels ?? {}).length === 0;
  const labels = {
    [LEGACY_CONTROLLER_UID]: uid,
    [LEGACY_JOB_NAME]: name,
    [CONTROLLER_UID]: uid,
    [JOB_NAME]: name,
    ...own,
  };
  if (spec.template) spec.template = { ...template, metadata: { ...template.metadata, labels } };
  if (shared && job.metadata) job.metadata.labels = { ...labels };
  spec.selector = {
    ...spec.selector,
    matchLabels: { [CONTROLLER_UID]: uid, ...spec.selector?.matchLabels },
  };
}

function validateGenerated({ metadata, spec }: Job): FieldError[] {
  if (!spec?.selector || spec.manualSelector) return [];
  const { uid = '', name = '' } = metadata ?? {};
  const errors: FieldError[] = [];
  if (!uid) errors.push(required('metadata.uid'));
  const expected = {
    [LEGACY_CONTROLLER_UID]: uid,
    [LEGACY_JOB_NAME]: name,
    // Jobs of older servers lack these. Only new objects have no revision.
    ...(metadata?.resourceVersion ? {} : { [CONTROLLER_UID]: uid, [JOB_NAME]: name }),
  };
  const labels = spec.template?.metadata?.labels ?? {};
  for (const [key, value] of Object.entries(expected)) {
    const field = `spec.template.metadata.labels[${key}]`;
    if (!Object.hasOwn(labels, key)) errors.push(required(field, `must be '${value}'`));
    else if (labels[key] !== value) errors.push(invalidValue(field, labels, `must be '${value}'`));
  }
  const broken = validateLabelSelector(spec.selector, 'spec.selector').length > 0;
  const all = { ...expected, [CONTROLLER_UID]: uid, [JOB_NAME]: name };
  if (!broken && !selectorFromLabelSelector(spec.selector).matches(all)) {
    errors.push(invalidValue('spec.selector', spec.selector, '`selector` not auto-generated'));
  }
  return errors;
}

/** Pods of an Indexed Job are called after it and their index, and have to be able to. */
function validateHostnames({ metadata, spec }: Job): FieldError[] {
  if (spec?.completionMode !== 'Indexed' || !spec.completions || spec.completions < 0) return [];
  const hostname = `${metadata?.name ?? ''}-${spec.completions - 1}`;
  return dns1123Label(hostname).length === 0
    ? []
    : [
        invalidValue(
          'metadata.name',
          metadata?.name ?? '',
          `will not able to create pod with invalid DNS label: ${hostname}`,
        ),
      ];
}

/** An Indexed Job may grow and shrink when all its indexes run at once. */
function validateCompletions(spec: JobSpec | undefined, old: JobSpec | undefined): FieldError[] {
  if (spec?.completionMode !== 'Indexed') {
    return immutable('spec.completions', spec?.completions, old?.completions);
  }
  if (spec.completions === undefined || spec.completions === old?.completions) return [];
  return spec.completions === spec.parallelism
    ? []
    : [
        invalidValue(
          'spec.completions',
          spec.completions,
          'can only be modified in tandem with spec.parallelism',
        ),
      ];
}

/** A job that is suspended and has never started may still be told where its pods run. */
function validateTemplate(next: Job, previous: Job): FieldError[] {
  const template = next.spec?.template;
  let old = previous.spec?.template;
  if (template && old && previous.spec?.suspend && !previous.status?.startTime) {
    old = cloneJson(old);
    const { spec, metadata } = template;
    const affinity = { ...old.spec?.affinity };
    delete affinity.nodeAffinity;
    if (spec?.affinity?.nodeAffinity) affinity.nodeAffinity = spec.affinity.nodeAffinity;
    const kept = { ...old.spec, containers: old.spec?.containers ?? [] };
    for (const name of ['nodeSelector', 'tolerations', 'schedulingGates', 'affinity'] as const)
      delete kept[name];
    old = {
      ...old,
      metadata: {
        ...old.metadata,
        ...(metadata?.labels ? { labels: metadata.labels } : {}),
        ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
      },
      spec: {
        ...kept,
        ...(spec?.nodeSelector ? { nodeSelector: spec.nodeSelector } : {}),
        ...(spec?.tolerations ? { tolerations: spec.tolerations } : {}),
        ...(spec?.schedulingGates ? { schedulingGates: spec.schedulingGates } : {}),
        ...(Object.keys(affinity).length > 0 || spec?.affinity ? { affinity } : {}),
      },
    };
    if (!metadata?.labels) delete old.metadata?.labels;
    if (!metadata?.annotations) delete old.metadata?.annotations;
    if (!metadata && Object.keys(old.metadata ?? {}).length === 0) delete old.metadata;
  }
  return immutable('spec.template', template, old);
}
