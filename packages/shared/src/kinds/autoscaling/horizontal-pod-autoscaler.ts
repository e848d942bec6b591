import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2';
import { type FieldError, invalidValue, nonNegative } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { ageColumn, nameColumn } from '../columns';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { defaultBehavior, validateBehavior } from './behavior';
import { validateMetrics, validateReference } from './metrics';
import { formatTargets } from './targets-column';

export type { HorizontalPodAutoscaler };

/** The form that is stored; `autoscaling/v1` is another view of it. */
export const horizontalPodAutoscalerKind: KindDefinition<HorizontalPodAutoscaler> = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  status: true,
  hasGeneration: false,
  columns: [
    nameColumn,
    {
      name: 'Reference',
      type: 'string',
      description: 'What is scaled.',
      cell: ({ spec }) => `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`,
    },
    {
      name: 'Targets',
      type: 'string',
      description: 'What the metrics say, and what they are to be.',
      cell: ({ spec, status }) => formatTargets(spec?.metrics ?? [], status?.currentMetrics ?? []),
    },
    {
      name: 'MinPods',
      type: 'string',
      description: 'The fewest replicas to which the autoscaler can scale down.',
      cell: ({ spec }) => (spec?.minReplicas === undefined ? '<unset>' : String(spec.minReplicas)),
    },
    {
      name: 'MaxPods',
      type: 'string',
      description: 'The most replicas to which the autoscaler can scale up.',
      cell: ({ spec }) => spec?.maxReplicas ?? 0,
    },
    {
      name: 'Replicas',
      type: 'string',
      description: 'The number of replicas that the autoscaler saw last.',
      cell: ({ status }) => status?.currentReplicas ?? 0,
    },
    ageColumn,
  ],
  default({ spec }) {
    if (!spec) return;
    spec.minReplicas ??= 1;
    if ((spec.metrics ?? []).length === 0) {
      spec.metrics = [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
        },
      ];
    }
    if (spec.behavior) defaultBehavior(spec.behavior);
  },
  prepareForCreate(autoscaler) {
    setStatus(autoscaler, { currentReplicas: 0, desiredReplicas: 0 });
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatus,
  validate({ spec }) {
    const errors: FieldError[] = [];
    const { minReplicas, maxReplicas = 0 } = spec ?? {};
    if (minReplicas !== undefined && minReplicas < 1) {
      errors.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
    }
    if (maxReplicas < 1) errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
    if (minReplicas !== undefined && maxReplicas < minReplicas) {
      errors.push(
        invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'),
      );
    }
    errors.push(...validateReference(spec?.scaleTargetRef, 'spec.scaleTargetRef'));
    errors.push(...validateMetrics(spec?.metrics ?? [], minReplicas, 'spec.metrics'));
    errors.push(...validateBehavior(spec?.behavior, 'spec.behavior'));
    return errors;
  },
  validateStatusUpdate: ({ status }) => [
    ...nonNegative('status.currentReplicas', status?.currentReplicas),
    ...nonNegative('status.desiredReplicas', status?.desiredReplicas),
  ],
};
