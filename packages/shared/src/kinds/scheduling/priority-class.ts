import type { PriorityClass } from 'kubernetes-types/scheduling/v1';
import { type FieldError, forbidden, immutable, notSupported, required } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { ageColumn, nameColumn } from '../columns';

export type { PriorityClass };

/** Values above it belong to the cluster's own classes. */
export const HIGHEST_USER_PRIORITY = 1_000_000_000;

/** The classes that every cluster has, for what it cannot live without. */
export const SYSTEM_PRIORITY_CLASSES: readonly PriorityClass[] = [
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description:
      'Used for system critical pods that must not be moved from their current node. This is the highest priority in the system.',
    preemptionPolicy: 'PreemptLowerPriority',
  },
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    preemptionPolicy: 'PreemptLowerPriority',
  },
];

const POLICIES = ['Never', 'PreemptLowerPriority'];

/** How important pods are, by a name; which one pods without a name get. */
export const priorityClassKind: KindDefinition<PriorityClass> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  singular: 'priorityclass',
  shortNames: ['pc'],
  namespaced: false,
  schema: 'io.k8s.api.scheduling.v1.PriorityClass',
  hasGeneration: 'fixed',
  columns: [
    nameColumn,
    {
      name: 'Value',
      type: 'integer',
      description: 'The number that pods of this class are ordered by.',
      cell: ({ value }) => value ?? 0,
    },
    {
      name: 'Global-Default',
      type: 'boolean',
      description: 'Whether pods that name no class get this one.',
      cell: ({ globalDefault }) => globalDefault ?? false,
    },
    ageColumn,
    {
      name: 'PreemptionPolicy',
      type: 'string',
      description: 'Whether pods of this class may push others out.',
      cell: ({ preemptionPolicy }) => preemptionPolicy ?? '',
    },
  ],
  default(priorityClass) {
    priorityClass.value ??= 0;
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validate(priorityClass) {
    const { metadata, value } = priorityClass;
    const errors: FieldError[] = [];
    if (metadata?.name?.startsWith('system-')) {
      const complaint = systemClassComplaint(priorityClass);
      if (complaint) {
        errors.push(
          forbidden(
            'metadata.name',
            `priority class names with 'system-' prefix are reserved for system use only. error: ${complaint}`,
          ),
        );
      }
    } else if (value > HIGHEST_USER_PRIORITY) {
      errors.push(
        forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`),
      );
    }
    return errors;
  },
  validateCreate({ preemptionPolicy = '' }) {
    if (preemptionPolicy === '') return [required('preemptionPolicy')];
    if (POLICIES.includes(preemptionPolicy)) return [];
    return [notSupported('preemptionPolicy', preemptionPolicy, POLICIES)];
  },
  validateUpdate: (next, previous) => [
    ...(next.value === previous.value ? [] : [forbidden('Value', 'may not be changed in an update.')]),
    ...immutable('preemptionPolicy', next.preemptionPolicy, previous.preemptionPolicy),
  ],
};

/** Undefined for one of the cluster's own classes, exactly as it must be. */
function systemClassComplaint({ metadata, value, globalDefault = false }: PriorityClass): string | undefined {
  const name = metadata?.name ?? '';
  const known = SYSTEM_PRIORITY_CLASSES.find((one) => one.metadata?.name === name);
  if (!known) return `${name} is not a known system priority class`;
  if (known.value !== value) return `value of ${name} PriorityClass must be ${known.value}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}
