import type { DaemonSet, DaemonSetSpec } from 'kubernetes-types/apps/v1';
import {
  type FieldError,
  immutable,
  invalidValue,
  nonNegative,
  notSupported,
  required,
} from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import type { KindDefinition } from '../../meta/kind';
import { selectorFromLabelSelector, validateLabelSelector } from '../../meta/labels';
import { ageColumn, containerColumns, formatLabels, nameColumn } from '../columns';
import { defaultPodSpec } from '../core/pod-spec/defaults';
import { nullWhenUnset } from '../null-times';
import { keepAllButStatus, setStatus } from '../status-split';
import { validateServiceTemplate } from '../workload';
import { notDecremented, validateAtMostAll, validateShare, writtenNumber } from './update-share';

export type { DaemonSet };

/** Counts the templates that the DaemonSet has had. Kubernetes keeps it for clients of the first versions. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

const NO_STATUS = {
  currentNumberScheduled: 0,
  numberMisscheduled: 0,
  desiredNumberScheduled: 0,
  numberReady: 0,
};

export const daemonSetKind: KindDefinition<DaemonSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  singular: 'daemonset',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.DaemonSet',
  status: true,
  fieldAnnotations: [TEMPLATE_GENERATION],
  columns: [
    nameColumn,
    count('Desired', 'How many nodes should run its pod.', ({ status }) => status?.desiredNumberScheduled),
    count('Current', 'How many of these nodes have its pod.', ({ status }) => status?.currentNumberScheduled),
    count('Ready', 'How many of these nodes have a ready pod.', ({ status }) => status?.numberReady),
    count(
      'Up-to-date',
      'How many nodes run the current template.',
      ({ status }) => status?.updatedNumberScheduled,
    ),
    count(
      'Available',
      'How many nodes have a pod that has been ready for minReadySeconds.',
      ({ status }) => status?.numberAvailable,
    ),
    {
      name: 'Node Selector',
      type: 'string',
      description: 'Labels that a node must have to run the pod.',
      cell: ({ spec }) => formatLabels(spec?.template?.spec?.nodeSelector),
    },
    ageColumn,
    ...containerColumns<DaemonSet>((set) => set.spec?.template?.spec?.containers ?? []),
    {
      name: 'Selector',
      type: 'string',
      priority: 1,
      description: 'Label selector for pods.',
      cell: ({ spec }) => selectorFromLabelSelector(spec?.selector).toString(),
    },
  ],
  default(set) {
    for (const condition of set.status?.conditions ?? []) nullWhenUnset(condition, 'lastTransitionTime');
    // Who writes the object owns the annotation as well, said or not.
    setTemplateGeneration(set, templateGeneration(set));
    const { spec } = set;
    if (!spec) return;
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ??= 'RollingUpdate';
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
    if (spec.template?.spec) defaultPodSpec(spec.template.spec);
  },
  prepareForCreate(set) {
    setStatus(set, { ...NO_STATUS });
    setTemplateGeneration(set, Math.max(1, templateGeneration(set)));
  },
  prepareForUpdate(next, previous) {
    setStatus(next, previous.status);
    const changed = !equalJson(next.spec?.template, previous.spec?.template);
    setTemplateGeneration(next, templateGeneration(previous) + (changed ? 1 : 0));
  },
  prepareForStatusUpdate(next, previous) {
    keepAllButStatus(next, previous);
    setTemplateGeneration(next, templateGeneration(previous));
  },
  validate({ spec }) {
    return [
      ...validateSelector(spec),
      ...validateServiceTemplate(spec?.template, 'spec.template', 'DaemonSet'),
      ...nonNegative('spec.minReadySeconds', spec?.minReadySeconds),
      ...validateStrategy(spec?.updateStrategy),
      ...nonNegative('spec.revisionHistoryLimit', spec?.revisionHistoryLimit),
    ];
  },
  validateUpdate: (next, previous) =>
    immutable('spec.selector', next.spec?.selector, previous.spec?.selector),
  validateStatusUpdate: ({ status }, previous) => [
    ...validateStatus(status),
    ...notDecremented('status.collisionCount', status?.collisionCount, previous.status?.collisionCount),
  ],
};

function count(name: string, description: string, of: (set: DaemonSet) => number | undefined) {
  return { name, type: 'integer', description, cell: (set: DaemonSet) => of(set) ?? 0 } as const;
}

function templateGeneration(set: DaemonSet): number {
  const value = Number(set.metadata?.annotations?.[TEMPLATE_GENERATION] ?? 0);
  return Number.isSafeInteger(value) ? value : 0;
}

function setTemplateGeneration(set: DaemonSet, value: number): void {
  // In place: others hold on to the metadata.
  set.metadata ??= {};
  set.metadata.annotations = { ...set.metadata.annotations, [TEMPLATE_GENERATION]: String(value) };
}

/** A missing selector selects nothing, so that its own pods are what is missed. */
function validateSelector(spec: DaemonSetSpec | undefined): FieldError[] {
  const selector = spec?.selector;
  const labels = spec?.template?.metadata?.labels;
  const errors = selector ? validateLabelSelector(selector, 'spec.selector') : [];
  if (errors.length === 0 && !selectorFromLabelSelector(selector).matches(labels)) {
    errors.push(
      invalidValue(
        'spec.template.metadata.labels',
        labels ?? null,
        '`selector` does not match template `labels`',
      ),
    );
  }
  const terms = Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions?.length ?? 0);
  if (selector && terms === 0) {
    errors.push(invalidValue('spec.selector', selector, 'empty selector is invalid for daemonset'));
  }
  return errors;
}

function validateStrategy(strategy: DaemonSetSpec['updateStrategy']): FieldError[] {
  const path = 'spec.updateStrategy';
  switch (strategy?.type) {
    case 'OnDelete':
      return [];
    case 'RollingUpdate': {
      if (!strategy.rollingUpdate) return [required(`${path}.rollingUpdate`)];
      const { maxUnavailable = 0, maxSurge = 0 } = strategy.rollingUpdate;
      const [unavailable, surge] = [`${path}.rollingUpdate.maxUnavailable`, `${path}.rollingUpdate.maxSurge`];
      const errors = [...validateShare(maxUnavailable, unavailable), ...validateShare(maxSurge, surge)];
      const [takes, adds] = [writtenNumber(maxUnavailable) !== 0, writtenNumber(maxSurge) !== 0];
      if (takes && adds) {
        errors.push(invalidValue(surge, maxSurge, 'may not be set when maxUnavailable is non-zero'));
      } else if (!takes && !adds) {
        errors.push(invalidValue(unavailable, maxUnavailable, 'cannot be 0 when maxSurge is 0'));
      }
      return [
        ...errors,
        ...validateAtMostAll(maxUnavailable, unavailable),
        ...validateAtMostAll(maxSurge, surge),
      ];
    }
    default:
      return [notSupported(path, strategy ?? null, ['RollingUpdate', 'OnDelete'])];
  }
}

function validateStatus(status: DaemonSet['status']): FieldError[] {
  const names = [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ] as const;
  return names.flatMap((name) => nonNegative(`status.${name}`, status?.[name]));
}
