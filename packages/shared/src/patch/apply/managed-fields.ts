import type { ManagedFieldsEntry } from 'kubernetes-types/meta/v1';
import { isObject, type JsonObject } from '../../meta/json';
import {
  difference,
  emptySet,
  equalSets,
  type FieldSet,
  fromFieldsV1,
  isEmptySet,
  recursiveDifference,
  toFieldsV1,
  union,
} from './field-set';
import { compareTyped, rootNode } from './typed';

/** Who owns which fields: one entry a manager, operation, version and subresource. */
export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

export type ManagerIdentity = Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>;

/** Reads `metadata.managedFields`; entries that make no sense are left out. */
export function readManagers(object: JsonObject | undefined): Manager[] {
  const metadata = object?.metadata;
  const entries = isObject(metadata) && Array.isArray(metadata.managedFields) ? metadata.managedFields : [];
  return entries.filter(isObject).flatMap((entry) => {
    const { manager, operation, apiVersion, subresource, time, fieldsV1 } = entry;
    if (operation !== 'Apply' && operation !== 'Update') return [];
    return [
      {
        manager: typeof manager === 'string' ? manager : '',
        operation,
        apiVersion: typeof apiVersion === 'string' ? apiVersion : '',
        subresource: typeof subresource === 'string' ? subresource : '',
        time: typeof time === 'string' ? time : undefined,
        fields: fromFieldsV1(fieldsV1),
      },
    ];
  });
}

/** As they are stored: appliers first, then the oldest first. */
export function writeManagers(managers: readonly Manager[]): ManagedFieldsEntry[] {
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return managers
    .filter(({ fields }) => !isEmptySet(fields))
    .sort(
      (a, b) =>
        order(a.operation, b.operation) ||
        order(a.time ?? '', b.time ?? '') ||
        order(a.manager, b.manager) ||
        order(a.apiVersion, b.apiVersion) ||
        order(a.subresource, b.subresource),
    )
    .map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      ...(time ? { time } : {}),
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(fields),
      ...(subresource ? { subresource } : {}),
    }));
}

export function isSame(a: ManagerIdentity, b: ManagerIdentity): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    a.apiVersion === b.apiVersion &&
    a.subresource === b.subresource
  );
}

/** Puts a manager's fields in place of what it had; its time moves only when the fields change. */
export function withManager(
  managers: readonly Manager[],
  who: ManagerIdentity,
  fields: FieldSet,
  now: Date,
): Manager[] {
  const old = managers.find((other) => isSame(other, who));
  const same = old !== undefined && equalSets(old.fields, fields);
  const time = same ? old.time : `${now.toISOString().slice(0, 19)}Z`;
  return [...managers.filter((other) => !isSame(other, who)), { ...who, time, fields }];
}

/** Nobody owns what an object is or what the server alone writes. */
const UNOWNED = [
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata', 'f:name'],
  ['f:metadata', 'f:namespace'],
  ['f:metadata', 'f:generateName'],
  ['f:metadata', 'f:uid'],
  ['f:metadata', 'f:resourceVersion'],
  ['f:metadata', 'f:generation'],
  ['f:metadata', 'f:creationTimestamp'],
  ['f:metadata', 'f:deletionTimestamp'],
  ['f:metadata', 'f:deletionGracePeriodSeconds'],
  ['f:metadata', 'f:selfLink'],
  ['f:metadata', 'f:managedFields'],
];

const unownedSet = UNOWNED.reduce((set, path) => {
  let at = set;
  for (const element of path) {
    let child = at.children.get(element);
    if (!child) {
      child = emptySet();
      at.children.set(element, child);
    }
    at = child;
  }
  at.member = true;
  return set;
}, emptySet());

/** Takes out what cannot be owned, and the top-level fields that this way of writing does not reach. */
export function ownable(fields: FieldSet, ignored: readonly string[] = []): FieldSet {
  const set = recursiveDifference(fields, unownedSet);
  for (const name of ignored) set.children.delete(`f:${name}`);
  const metadata = set.children.get('f:metadata');
  if (metadata) metadata.member = false;
  return set;
}

export interface UpdateOptions {
  readonly manager: string;
  /** Name of the object's type in the schema. */
  readonly schema: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  /** Top-level fields that this write does not reach: `status` for the main resource, `spec` for `/status`. */
  readonly ignored?: readonly string[];
  readonly now: Date;
}

/**
 * The owners after an ordinary write (create, update, patch): the writer owns what it has changed, the others no
 * longer do, and nobody owns what is gone. Pure; `live` is undefined for a create.
 */
export function updateManagedFields(
  live: JsonObject | undefined,
  next: JsonObject,
  options: UpdateOptions,
): ManagedFieldsEntry[] {
  const changes = compareTyped(rootNode(options.schema), live ?? {}, next);
  const changed = ownable(changes.changed, options.ignored);
  const removed = ownable(changes.removed, options.ignored);
  const who: ManagerIdentity = {
    manager: options.manager,
    operation: 'Update',
    apiVersion: options.apiVersion,
    subresource: options.subresource ?? '',
  };
  const managers = readManagers(live);
  const own = managers.find((other) => isSame(other, who))?.fields ?? emptySet();
  const others = managers.map((other) =>
    isSame(other, who)
      ? other
      : { ...other, fields: recursiveDifference(difference(other.fields, changed), removed) },
  );
  const fields = recursiveDifference(union(own, changed), removed);
  return writeManagers(withManager(others, who, fields, options.now));
}
