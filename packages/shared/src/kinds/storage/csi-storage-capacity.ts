import type { CSIStorageCapacity } from 'kubernetes-types/storage/v1';
import { immutable } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { validateLabelSelector } from '../../meta/labels';
import { ageColumn, nameColumn } from '../columns';
import { nonNegativeQuantity, validateClassName } from '../core/volume-common';

export type { CSIStorageCapacity };

export const csiStorageCapacityKind: KindDefinition<CSIStorageCapacity> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  singular: 'csistoragecapacity',
  namespaced: true,
  schema: 'io.k8s.api.storage.v1.CSIStorageCapacity',
  deleteReturnsObject: true,
  columns: [
    nameColumn,
    {
      name: 'StorageClassName',
      type: 'string',
      description: 'The class that the space is for.',
      cell: ({ storageClassName }) => storageClassName,
    },
    {
      name: 'Capacity',
      type: 'string',
      description: 'How much space is left.',
      cell: ({ capacity }) => capacity ?? '<unset>',
    },
    ageColumn,
  ],
  validate: ({ nodeTopology, storageClassName, capacity, maximumVolumeSize }) => [
    ...validateLabelSelector(nodeTopology, 'nodeTopology'),
    ...validateClassName(storageClassName ?? '', 'storageClassName'),
    ...nonNegativeQuantity(capacity, 'capacity'),
    ...nonNegativeQuantity(maximumVolumeSize, 'maximumVolumeSize'),
  ],
  validateUpdate: (next, previous) => [
    ...immutable('nodeTopology', next.nodeTopology, previous.nodeTopology),
    ...immutable('storageClassName', next.storageClassName, previous.storageClassName),
  ],
};
