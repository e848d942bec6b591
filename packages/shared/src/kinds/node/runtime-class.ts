import type { RuntimeClass } from 'kubernetes-types/node/v1';
import { complaints, duplicate, type FieldError, immutable } from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import type { KindDefinition } from '../../meta/kind';
import { dns1123Label } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { validateResources } from '../core/pod-spec/resources';
import { validateNodeSelector, validateTolerations } from '../core/pod-spec/scheduling';

export type { RuntimeClass };

/** A way of running containers that some nodes offer, and what it costs. */
export const runtimeClassKind: KindDefinition<RuntimeClass> = {
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  singular: 'runtimeclass',
  namespaced: false,
  createdByUpdate: true,
  schema: 'io.k8s.api.node.v1.RuntimeClass',
  conditionalUpdate: true,
  plainFinalizers: true,
  columns: [
    nameColumn,
    {
      name: 'Handler',
      type: 'string',
      description: 'What the container runtime calls it.',
      cell: ({ handler }) => handler ?? '',
    },
    ageColumn,
  ],
  validate({ handler = '', overhead, scheduling }) {
    const errors: FieldError[] = complaints('handler', handler, dns1123Label(handler));
    if (overhead?.podFixed) {
      errors.push(...validateResources({ limits: overhead.podFixed }, 'overhead'));
    }
    if (!scheduling) return errors;
    errors.push(...validateNodeSelector(scheduling.nodeSelector, 'scheduling.nodeSelector'));
    const tolerations = scheduling.tolerations ?? [];
    // Kubernetes says the name of the field twice here.
    errors.push(...validateTolerations(tolerations, 'scheduling.tolerations.tolerations'));
    tolerations.forEach((toleration, i) => {
      if (tolerations.slice(0, i).some((earlier) => equalJson(earlier, toleration))) {
        errors.push(duplicate(`scheduling.tolerations[${i}]`, toleration));
      }
    });
    return errors;
  },
  validateUpdate: (next, previous) => immutable('handler', next.handler, previous.handler),
};
