import { apiError, badRequest } from '../../errors';
import { cloneJson, isObject, type JsonObject } from '../../meta/json';
import type { StatusCause } from '../../meta/object';
import {
  difference,
  emptySet,
  type FieldSet,
  intersection,
  isEmptySet,
  pathsOf,
  recursiveDifference,
  union,
} from './field-set';
import {
  isSame,
  type Manager,
  type ManagerIdentity,
  ownable,
  readManagers,
  type UpdateOptions,
  withManager,
  writeManagers,
} from './managed-fields';
import { compareTyped, fieldsOf, mergeTyped, removeFields, rootNode } from './typed';

export interface ApplyOptions extends UpdateOptions {
  /** Takes fields over from others that set them to something else, instead of failing. */
  readonly force: boolean;
}

/**
 * Server-side apply: lays `config` over `live` (undefined: creates), takes out what this manager applied before and
 * no longer does, and records who owns what in `metadata.managedFields`. Pure; the result is a value of its own that
 * is still to be defaulted and validated. `config` has been decoded.
 *
 * Throws Conflict with a cause for each field that another manager has set to another value, and BadRequest for
 * a configuration that carries managedFields or names an element of a list twice.
 */
export function applyPatch(
  live: JsonObject | undefined,
  config: JsonObject,
  options: ApplyOptions,
): JsonObject {
  if (
    isObject(config.metadata) &&
    Array.isArray(config.metadata.managedFields) &&
    config.metadata.managedFields.length > 0
  ) {
    throw badRequest('metadata.managedFields must be nil');
  }
  const node = rootNode(options.schema);
  const who: ManagerIdentity = {
    manager: options.manager,
    operation: 'Apply',
    apiVersion: options.apiVersion,
    subresource: options.subresource ?? '',
  };
  const reachable = withoutFields(config, options.ignored ?? []);
  const managers = readManagers(live);
  const own = managers.find((other) => isSame(other, who));
  const before = own?.fields ?? emptySet();
  const fields = ownable(fieldsOf(node, reachable), options.ignored);
  const others = managers.filter((other) => !isSame(other, who));

  const merged = live ? mergeTyped(node, live, reachable) : cloneJson(reachable);
  const owned = others.reduce((all, other) => union(all, other.fields), fields);
  const dropped = difference(before, fields);
  const pruned = isEmptySet(dropped) ? merged : removeFields(node, merged, dropped, owned);
  if (!isObject(pruned)) throw badRequest('the applied configuration leaves no object');

  const changes = compareTyped(node, live ?? {}, pruned);
  const changed = ownable(changes.changed, options.ignored);
  const removed = ownable(changes.removed, options.ignored);
  const conflicts = others.flatMap((other) => conflictWith(other, changed));
  if (conflicts.length > 0 && !options.force) throw conflictError(conflicts);

  const rest = others.map((other) => ({
    ...other,
    fields: recursiveDifference(difference(other.fields, lost(conflicts, other)), removed),
  }));
  const metadata = isObject(pruned.metadata) ? pruned.metadata : {};
  return {
    ...pruned,
    metadata: {
      ...metadata,
      managedFields: writeManagers(withManager(own ? [...rest, own] : rest, who, fields, options.now)),
    },
  };
}

interface FieldConflict {
  readonly with: Manager;
  readonly fields: FieldSet;
}

function conflictWith(other: Manager, changed: FieldSet): FieldConflict[] {
  const fields = intersection(other.fields, changed);
  return isEmptySet(fields) ? [] : [{ with: other, fields }];
}

function lost(conflicts: readonly FieldConflict[], manager: Manager): FieldSet {
  return conflicts.find((conflict) => conflict.with === manager)?.fields ?? emptySet();
}

function conflictError(conflicts: readonly FieldConflict[]) {
  const causes: StatusCause[] = conflicts.flatMap((conflict) =>
    pathsOf(conflict.fields).map((field) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${managerText(conflict.with)}`,
      field,
    })),
  );
  const count = causes.length === 1 ? '1 conflict' : `${causes.length} conflicts`;
  const texts = conflicts.map((conflict) => {
    const paths = pathsOf(conflict.fields);
    return paths.length === 1
      ? `conflict with ${managerText(conflict.with)}: ${paths[0]}`
      : `conflicts with ${managerText(conflict.with)}:\n${paths.map((path) => `- ${path}`).join('\n')}`;
  });
  return apiError('Conflict', `Apply failed with ${count}: ${texts.join('\n')}`, { causes });
}

function managerText({ manager, operation, apiVersion, subresource }: Manager): string {
  const part = subresource ? ` with subresource ${JSON.stringify(subresource)}` : '';
  return operation === 'Update'
    ? `${JSON.stringify(manager)}${part} using ${apiVersion}`
    : `${JSON.stringify(manager)}${part}`;
}

function withoutFields(config: JsonObject, names: readonly string[]): JsonObject {
  if (names.length === 0) return config;
  return Object.fromEntries(Object.entries(config).filter(([name]) => !names.includes(name)));
}
