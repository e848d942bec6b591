import type { CSINode, CSINodeDriver } from 'kubernetes-types/storage/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  invalidValue,
  nonNegative,
  required,
} from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import type { KindDefinition } from '../../meta/kind';
import { qualifiedName } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { validateDriverName } from '../core/volume-common';

export type { CSINode };

const MAX_NODE_ID = 256;

export const csiNodeKind: KindDefinition<CSINode> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  singular: 'csinode',
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.CSINode',
  conditionalUpdate: true,
  deleteReturnsObject: true,
  columns: [
    nameColumn,
    {
      name: 'Drivers',
      type: 'integer',
      description: 'The number of CSI drivers on the node.',
      cell: ({ spec }) => spec?.drivers?.length ?? 0,
    },
    ageColumn,
  ],
  default({ spec }) {
    // Always on the wire; the types know no null.
    for (const driver of spec?.drivers ?? [])
      if (!driver.topologyKeys) Object.assign(driver, { topologyKeys: null });
  },
  validate: ({ spec }) => validateDrivers(spec?.drivers ?? []),
  validateUpdate(next, previous) {
    const before = new Map(previous.spec?.drivers?.map((driver) => [driver.name, driver]));
    return (next.spec?.drivers ?? []).flatMap((driver) => {
      const old = before.get(driver.name);
      return old && !equalJson({ ...old }, { ...driver })
        ? [invalidValue('CSINodeDriver', driver, 'field is immutable')]
        : [];
    });
  },
};

function validateDrivers(drivers: readonly CSINodeDriver[]): FieldError[] {
  const seen = new Set<string>();
  return drivers.flatMap((driver, i) => {
    const at = `spec.drivers[${i}]`;
    const errors = validateDriverName(driver.name, `${at}.name`);
    if (!driver.nodeID) errors.push(required(`${at}.nodeID`));
    else if (driver.nodeID.length > MAX_NODE_ID) {
      errors.push(invalidValue(`${at}.nodeID`, driver.nodeID, `must be ${MAX_NODE_ID} characters or less`));
    }
    errors.push(...nonNegative(`${at}.allocatable.count`, driver.allocatable?.count));
    if (seen.has(driver.name)) errors.push(duplicate(`${at}.name`, driver.name));
    seen.add(driver.name);
    // Kubernetes leaves the name of the field out.
    driver.topologyKeys?.forEach((key, j, keys) => {
      if (!key) errors.push(required(at));
      if (keys.indexOf(key) < j) errors.push(duplicate(at, key));
      errors.push(...complaints(at, key, qualifiedName(key)));
    });
    return errors;
  });
}
