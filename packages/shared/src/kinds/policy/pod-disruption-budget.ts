import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1';
import { type FieldError, invalidValue, nonNegative, notSupported } from '../../meta/field-error';
import { percentOf } from '../../meta/int-or-percent';
import type { KindDefinition } from '../../meta/kind';
import { validateLabelSelector } from '../../meta/labels';
import { ageColumn, nameColumn } from '../columns';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';

export type { PodDisruptionBudget };

/** How many of an application's pods may be away at a time by choice: evictions ask it, crashes do not. */
export const podDisruptionBudgetKind: KindDefinition<PodDisruptionBudget> = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  singular: 'poddisruptionbudget',
  shortNames: ['pdb'],
  namespaced: true,
  // Nothing more is asked of their names.
  nameRule: 'path-segment',
  metadataLast: true,
  plainFinalizers: true,
  schema: 'io.k8s.api.policy.v1.PodDisruptionBudget',
  conditionalUpdate: true,
  status: true,
  columns: [
    nameColumn,
    {
      name: 'Min Available',
      type: 'string',
      description: 'The minimum number of pods that must be available.',
      cell: ({ spec }) => String(spec?.minAvailable ?? 'N/A'),
    },
    {
      name: 'Max Unavailable',
      type: 'string',
      description: 'The maximum number of pods that can be unavailable.',
      cell: ({ spec }) => String(spec?.maxUnavailable ?? 'N/A'),
    },
    {
      name: 'Allowed Disruptions',
      type: 'integer',
      description: 'Calculated number of pods that may be disrupted at this time.',
      cell: ({ status }) => status?.disruptionsAllowed ?? 0,
    },
    ageColumn,
  ],
  prepareForCreate(budget) {
    setStatus(budget, emptyStatus());
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatus,
  validate({ spec }) {
    const errors: FieldError[] = [];
    if (spec?.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
      errors.push(invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
    }
    errors.push(...validateShare(spec?.minAvailable, 'spec.minAvailable'));
    errors.push(...validateShare(spec?.maxUnavailable, 'spec.maxUnavailable'));
    errors.push(...validateLabelSelector(spec?.selector, 'spec.selector'));
    const policy = spec?.unhealthyPodEvictionPolicy;
    if (policy !== undefined && !UNHEALTHY_POLICIES.includes(policy)) {
      errors.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, UNHEALTHY_POLICIES));
    }
    return errors;
  },
  validateStatusUpdate: ({ status }) => [
    ...nonNegative('status.disruptionsAllowed', status?.disruptionsAllowed),
    ...nonNegative('status.currentHealthy', status?.currentHealthy),
    ...nonNegative('status.desiredHealthy', status?.desiredHealthy),
    ...nonNegative('status.expectedPods', status?.expectedPods),
  ],
};

const UNHEALTHY_POLICIES = ['AlwaysAllow', 'IfHealthyBudget'];

/** What a budget says of itself before its controller has looked: nothing may go. */
function emptyStatus(): NonNullable<PodDisruptionBudget['status']> {
  return { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
}

function validateShare(value: number | string | undefined, field: string): FieldError[] {
  if (value === undefined) return [];
  if (typeof value === 'number') return nonNegative(field, value);
  const percent = percentOf(value);
  if (percent === undefined) {
    return [
      invalidValue(
        field,
        value,
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ),
    ];
  }
  return percent > 100 ? [invalidValue(field, value, 'must not be greater than 100%')] : [];
}
