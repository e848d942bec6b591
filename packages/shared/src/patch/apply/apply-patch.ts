import type { ManagedFieldsEntry } from 'kubernetes-types/meta/v1';
import { apiError, badRequest } from '../../errors';
import { cloneJson, equalJson, isObject, type JsonObject } from '../../meta/json';
import type { StatusCause } from '../../meta/object';
import {
  difference,
  emptySet,
  type FieldSet,
  fromFieldsV1,
  intersection,
  isEmptySet,
  pathsOf,
  recursiveDifference,
  toFieldsV1,
  union,
} from './field-set';
import { allowedConflicts, LAST_APPLIER } from './last-applied';
import {
  appliedEntry,
  ChangesByVersion,
  entriesOf,
  isSame,
  type Manager,
  type ManagerIdentity,
  managerOf,
  ownablePart,
  sortEntries,
  storedEntries,
  type UpdateOptions,
  updateManagedFields,
} from './managed-fields';
import { pruneFields } from './prune';
import { fieldsOf, mergeTyped } from './typed';

export interface ApplyOptions extends UpdateOptions {
  /** Takes fields over from others that set them to something else, instead of failing. */
  readonly force: boolean;
}

/** Who is said to own what an object held before anybody applied to it and nobody knew the owners. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/**
 * Server-side apply: lays `config` over `live` (undefined: creates), takes out what this manager applied before and
 * no longer does, and records who owns what in `metadata.managedFields`. Pure; the result is a value of its own that
 * is still to be decoded, defaulted and validated. `config` is as it was sent.
 *
 * Throws Conflict with a cause for each field that another manager has set to another value, and other refusals for
 * a configuration that carries managedFields, is not of its type or names an element of a list twice.
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
  const node = options.node;
  const who: ManagerIdentity = {
    manager: options.manager,
    operation: 'Apply',
    apiVersion: options.apiVersion,
    subresource: options.subresource ?? '',
  };
  // The whole configuration is checked; what cannot be owned by it is then left out.
  fieldsOf(node, config);
  const reachable = withoutFields(config, options.ignored ?? []);
  const fields = withoutMetadata(fieldsOf(node, ownablePart(reachable)));

  const stored = knownOwners(live, options);
  const own = stored.find((entry) => isSame(entry, who));
  const others = stored.filter((entry) => entry !== own);
  const merged = live ? mergeTyped(node, live, reachable) : cloneJson(reachable);
  const pruned = prune(merged, { own, others, fields, options });

  const versions = new ChangesByVersion(live, pruned, options);
  const known = others.filter((entry) => versions.of(entry.apiVersion ?? '') !== undefined);
  const conflicts = known.flatMap((entry) => conflictWith(entry, versions));
  if (conflicts.length > 0 && !options.force) refuseConflicts(live, conflicts, options);

  const rest = known.flatMap((entry): ManagedFieldsEntry[] => {
    const { removed } = versions.of(entry.apiVersion ?? '') ?? {};
    const lost = conflicts.find((conflict) => conflict.entry === entry)?.fields;
    if (!lost && !removed) return [entry];
    const kept = recursiveDifference(
      difference(fromFieldsV1(entry.fieldsV1), lost ?? emptySet()),
      removed ?? emptySet(),
    );
    return isEmptySet(kept) ? [] : [{ ...entry, fieldsV1: toFieldsV1(kept) }];
  });
  const isChanged = live === undefined || !equalJson(ownablePart(live), ownablePart(pruned));
  const mine = appliedEntry(own, who, fields, { isChanged, now: options.now });
  const { managedFields: _before, ...metadata } = isObject(pruned.metadata) ? pruned.metadata : {};
  const managedFields = sortEntries(mine ? [...rest, mine] : rest);
  return { ...pruned, metadata: managedFields.length > 0 ? { ...metadata, managedFields } : metadata };
}

function knownOwners(live: JsonObject | undefined, options: ApplyOptions): readonly ManagedFieldsEntry[] {
  const stored = storedEntries(live);
  if (!live || entriesOf(live).length > 0) return stored;
  const { subresource: _main, ...rest } = options;
  return updateManagedFields(undefined, withoutOwners(live), { ...rest, manager: BEFORE_FIRST_APPLY });
}

/** What a write of the object as a whole would have sent. */
function withoutOwners(live: JsonObject): JsonObject {
  if (!isObject(live.metadata)) return live;
  const { managedFields: _none, ...metadata } = live.metadata;
  return { ...live, metadata };
}

/** Takes out what was applied before, is not any more, and nobody else owns: in the version it was applied in. */
function prune(
  merged: unknown,
  {
    own,
    others,
    fields,
    options,
  }: {
    readonly own: ManagedFieldsEntry | undefined;
    readonly others: readonly ManagedFieldsEntry[];
    readonly fields: FieldSet;
    readonly options: ApplyOptions;
  },
): JsonObject {
  if (!isObject(merged)) throw badRequest('the applied configuration leaves no object');
  // Fields that were applied in another version are taken out only once they are applied in this one.
  if (!own || own.apiVersion !== options.apiVersion) return merged;
  const last = fromFieldsV1(own.fieldsV1);
  if (isEmptySet(difference(last, fields))) return merged;
  const owned = others
    .filter(({ apiVersion }) => apiVersion === options.apiVersion)
    .reduce((all, other) => union(all, fromFieldsV1(other.fieldsV1)), fields);
  return pruneFields(options.node, merged, last, owned);
}

interface FieldConflict {
  readonly entry: ManagedFieldsEntry;
  readonly with: Manager;
  readonly fields: FieldSet;
}

function conflictWith(entry: ManagedFieldsEntry, versions: ChangesByVersion): FieldConflict[] {
  const { changed } = versions.of(entry.apiVersion ?? '') ?? {};
  if (!changed) return [];
  const other = managerOf(entry);
  const fields = intersection(other.fields, changed);
  return isEmptySet(fields) ? [] : [{ entry, with: other, fields }];
}

/** Throws for conflicts, unless they are those of kubectl with its own former, client-side way of applying. */
function refuseConflicts(
  live: JsonObject | undefined,
  conflicts: readonly FieldConflict[],
  options: ApplyOptions,
): void {
  const allowed = options.manager === LAST_APPLIER && live ? allowedConflicts(live, options) : emptySet();
  const left = conflicts.flatMap((conflict) => {
    const fields = difference(conflict.fields, allowed);
    return isEmptySet(fields) ? [] : [{ ...conflict, fields }];
  });
  if (left.length > 0) throw conflictError(left);
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

/** An empty `metadata` is nothing to own. */
function withoutMetadata(fields: FieldSet): FieldSet {
  const metadata = fields.children.get('f:metadata');
  if (metadata) metadata.member = false;
  return fields;
}
