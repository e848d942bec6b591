import type { PriorityLevelConfiguration } from 'kubernetes-types/flowcontrol/v1';
import { ageColumn, nameColumn } from '../kinds/columns';
import { keepAllButStatus, keepStatus, setStatus } from '../kinds/status-split';
import { notSupported } from '../meta/field-error';
import type { KindDefinition } from '../meta/kind';

export type { PriorityLevelConfiguration };

/** A kind that is not served: tests add it, to see that its definition is all that a new kind needs. */
export const priorityLevelKind: KindDefinition<PriorityLevelConfiguration> = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  singular: 'prioritylevelconfiguration',
  namespaced: false,
  schema: 'io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration',
  status: true,
  columns: [
    nameColumn,
    {
      name: 'Type',
      type: 'string',
      description: 'Whether requests are limited.',
      cell: ({ spec }) => spec?.type ?? '',
    },
    ageColumn,
  ],
  default({ spec }) {
    if (spec?.limited) spec.limited.nominalConcurrencyShares ??= 30;
  },
  prepareForCreate: (level) => setStatus(level, {}),
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatus,
  validate: ({ spec }) =>
    spec?.type === 'Exempt' || spec?.type === 'Limited'
      ? []
      : [notSupported('spec.type', spec?.type ?? '', ['Exempt', 'Limited'])],
};
