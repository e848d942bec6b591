import type { ManagedFieldsEntry } from 'kubernetes-types/meta/v1';
import { equalJson, isObject, type JsonObject } from '../../meta/json';
import { timestamp } from '../../meta/timestamp';
import { createdFields } from './created-fields';
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
import { touches } from './fields-v1';
import type { Node } from './nodes';
import { type Changes, compareTyped } from './typed';

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

/** How an object looks in another version that is served. */
export interface VersionView {
  readonly node: Node;
  convert(object: JsonObject): JsonObject;
}

export interface UpdateOptions {
  readonly manager: string;
  /** The object's type. */
  readonly node: Node;
  readonly apiVersion: string;
  readonly subresource?: string;
  /** Top-level fields that this write does not reach: `status` for the main resource, `spec` for `/status`. */
  readonly ignored?: readonly string[];
  readonly now: Date;
  /** Other versions in which fields may be owned; what is owned in a version that is not known any more is forgotten. */
  inVersion?(apiVersion: string): VersionView | undefined;
}

/** Updates by more managers than this are put together, the oldest first, under one name. */
const MOST_UPDATERS = 10;
const OLD_UPDATES = 'ancient-changes';

/** The entries of `metadata.managedFields`. */
export function entriesOf(object: JsonObject | undefined): readonly ManagedFieldsEntry[] {
  const metadata = object?.metadata;
  if (!isObject(metadata) || !Array.isArray(metadata.managedFields)) return [];
  // Whether they are well-formed is asked by `wellFormed`.
  return metadata.managedFields as ManagedFieldsEntry[];
}

/** True for entries that can be worked with; stored or sent ones that are not count as none. */
function wellFormed(entries: readonly unknown[]): boolean {
  return entries.every(
    (entry) =>
      isObject(entry) &&
      (entry.operation === 'Apply' || entry.operation === 'Update') &&
      entry.fieldsType === 'FieldsV1' &&
      isObject(entry.fieldsV1) &&
      typeof entry.apiVersion === 'string' &&
      entry.apiVersion !== '' &&
      (entry.manager === undefined || typeof entry.manager === 'string') &&
      (entry.subresource === undefined || typeof entry.subresource === 'string') &&
      (entry.time === undefined || entry.time === null || typeof entry.time === 'string'),
  );
}

/** What an object says about its owners, but for what makes no sense: that must never break a later write. */
export function storedEntries(live: JsonObject | undefined): readonly ManagedFieldsEntry[] {
  const entries = entriesOf(live);
  return wellFormed(entries) ? entries : entries.filter((entry) => wellFormed([entry]));
}

/**
 * The owners that a write starts from. A client may send its own view of them with a write of the whole object, or
 * have all forgotten; what is missing or makes no sense is taken from what stands there.
 */
function startingEntries(
  live: JsonObject | undefined,
  next: JsonObject,
  options: UpdateOptions,
): readonly ManagedFieldsEntry[] {
  const stored = storedEntries(live);
  if (options.subresource) return stored;
  if (forgetsOwners(next)) return [];
  const sent = entriesOf(next);
  if (sent.length > 0 && sent !== stored && !equalJson(sent, stored) && wellFormed(sent)) return unique(sent);
  return stored;
}

/** How clients have all owners forgotten: a list of nothing, or of a single entry of nothing. */
function forgetsOwners({ metadata }: JsonObject): boolean {
  const sent = isObject(metadata) ? metadata.managedFields : undefined;
  if (!Array.isArray(sent) || sent.length > 1) return false;
  const [entry]: readonly unknown[] = sent;
  return entry === undefined || (isObject(entry) && Object.keys(entry).length === 0);
}

/** Of entries of one manager the last. */
function unique(entries: readonly ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  const byName = new Map(entries.map((entry) => [identityOf(entry), entry]));
  return [...byName.values()];
}

/** What tells entries apart, in an entry or in a manager. */
type Identity = Pick<ManagedFieldsEntry, 'manager' | 'operation' | 'apiVersion' | 'subresource'>;

/** An applier is one whatever version it applies in. */
function identityOf({ manager, operation, apiVersion, subresource }: Identity): string {
  return JSON.stringify([
    manager ?? '',
    operation,
    operation === 'Apply' ? '' : apiVersion,
    subresource ?? '',
  ]);
}

export function isSame(a: Identity, b: Identity): boolean {
  return (
    (a.manager ?? '') === (b.manager ?? '') &&
    a.operation === b.operation &&
    (a.operation === 'Apply' || a.apiVersion === b.apiVersion) &&
    (a.subresource ?? '') === (b.subresource ?? '')
  );
}

export function managerOf(entry: ManagedFieldsEntry): Manager {
  return {
    manager: entry.manager ?? '',
    operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
    apiVersion: entry.apiVersion ?? '',
    subresource: entry.subresource ?? '',
    time: entry.time ?? undefined,
    fields: fromFieldsV1(entry.fieldsV1),
  };
}

export function entryOf({
  manager,
  operation,
  apiVersion,
  subresource,
  time,
  fields,
}: Manager): ManagedFieldsEntry {
  return {
    manager,
    operation,
    apiVersion,
    ...(time ? { time } : {}),
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(fields),
    ...(subresource ? { subresource } : {}),
  };
}

/** As they are stored: appliers first, then the oldest first. */
export function sortEntries(entries: ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  const order = (a = '', b = '') => (a < b ? -1 : a > b ? 1 : 0);
  return entries.sort(
    (a, b) =>
      order(a.operation, b.operation) ||
      order(a.time, b.time) ||
      order(a.manager, b.manager) ||
      order(a.apiVersion, b.apiVersion) ||
      order(a.subresource, b.subresource),
  );
}

/** Nobody owns what an object is or what the server alone writes. */
const UNOWNED_METADATA: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
  'clusterName',
]);

/** The part of an object that can be owned through this way of writing; shares its values. */
export function ownablePart(object: JsonObject | undefined, ignored: readonly string[] = []): JsonObject {
  // Metadata is always there, and nobody's.
  const part: JsonObject = { metadata: {} };
  for (const name in object) {
    if (name === 'kind' || name === 'apiVersion' || ignored.includes(name)) continue;
    const value = object[name];
    if (name !== 'metadata' || !isObject(value)) {
      part[name] = value;
      continue;
    }
    const metadata: JsonObject = {};
    for (const field in value) if (!UNOWNED_METADATA.has(field)) metadata[field] = value[field];
    part.metadata = metadata;
  }
  return part;
}

/** What a write changes, seen in each version in which somebody owns fields. Throws nothing. */
export class ChangesByVersion {
  readonly #known = new Map<string, Changes | undefined>();

  constructor(
    private readonly live: JsonObject | undefined,
    private readonly next: JsonObject,
    private readonly options: UpdateOptions,
  ) {}

  /** Undefined for a version that is not served. */
  of(apiVersion: string): Changes | undefined {
    if (this.#known.has(apiVersion)) return this.#known.get(apiVersion);
    const changes = this.#compare(apiVersion);
    this.#known.set(apiVersion, changes);
    return changes;
  }

  #compare(apiVersion: string): Changes | undefined {
    const { options, live, next } = this;
    const { ignored } = options;
    if (apiVersion === options.apiVersion) {
      return compareTyped(options.node, ownablePart(live, ignored), ownablePart(next, ignored));
    }
    const view = options.inVersion?.(apiVersion);
    if (!view) return undefined;
    return compareTyped(
      view.node,
      ownablePart(live && view.convert(live), ignored),
      ownablePart(view.convert(next), ignored),
    );
  }
}

/** What is left of a manager's fields once others have changed some and removed some; undefined: all of them. */
export function withoutChanged(
  entry: ManagedFieldsEntry,
  { changed, removed }: Changes,
): FieldSet | undefined {
  const hit =
    (changed !== undefined && touches(entry.fieldsV1, changed, 'members')) ||
    (removed !== undefined && touches(entry.fieldsV1, removed, 'below'));
  if (!hit) return undefined;
  const fields = difference(fromFieldsV1(entry.fieldsV1), changed ?? emptySet());
  return removed ? recursiveDifference(fields, removed) : fields;
}

/**
 * The owners after an ordinary write (create, update, patch): the writer owns what it has changed, the others no
 * longer do, and nobody owns what is gone. Pure; `live` is undefined for a create. When nothing that can be owned
 * has changed the entries are those of `live`, times included.
 */
export function updateManagedFields(
  live: JsonObject | undefined,
  next: JsonObject,
  options: UpdateOptions,
): readonly ManagedFieldsEntry[] {
  const start = startingEntries(live, next, options);
  // Objects whose owners are unknown stay so until somebody applies.
  if (live && start.length === 0) return [];
  if (!live && start.length === 0) return createdEntries(next, options);
  const versions = new ChangesByVersion(live, next, options);
  const { changed, removed } = versions.of(options.apiVersion) ?? {};
  if (!changed && !removed) return start;
  const who: ManagerIdentity = {
    manager: options.manager,
    operation: 'Update',
    apiVersion: options.apiVersion,
    subresource: options.subresource ?? '',
  };
  const entries: ManagedFieldsEntry[] = [];
  let own: ManagedFieldsEntry | undefined;
  for (const entry of start) {
    if (isSame(entry, who)) {
      own = entry;
      continue;
    }
    const changes = versions.of(entry.apiVersion ?? '');
    if (!changes) continue;
    const rest = withoutChanged(entry, changes);
    if (!rest) entries.push(entry);
    else if (!isEmptySet(rest)) entries.push({ ...entry, fieldsV1: toFieldsV1(rest) });
  }
  const mine = ownEntry(own, who, { changed, removed }, timestamp(options.now));
  if (mine) entries.push(mine);
  return capUpdaters(sortEntries(entries));
}

/** A new object is all its creator's. */
function createdEntries(next: JsonObject, options: UpdateOptions): ManagedFieldsEntry[] {
  const fieldsV1 = createdFields(options.node, ownablePart(next, options.ignored));
  if (!fieldsV1) return [];
  const { manager, apiVersion, subresource } = options;
  return [
    {
      manager,
      operation: 'Update',
      apiVersion,
      time: timestamp(options.now),
      fieldsType: 'FieldsV1',
      fieldsV1,
      ...(subresource ? { subresource } : {}),
    },
  ];
}

function ownEntry(
  own: ManagedFieldsEntry | undefined,
  who: ManagerIdentity,
  { changed, removed }: Changes,
  now: string,
): ManagedFieldsEntry | undefined {
  if (!own) return changed && entryOf({ ...who, time: now, fields: changed });
  const time = changed ? now : own.time;
  const gone = removed !== undefined && touches(own.fieldsV1, removed, 'below');
  if (!gone && (!changed || touches(own.fieldsV1, changed, 'all'))) {
    return time === own.time ? own : { ...own, ...(time ? { time } : {}) };
  }
  const before = fromFieldsV1(own.fieldsV1);
  const kept = removed ? recursiveDifference(before, removed) : before;
  const fields = changed ? union(kept, changed) : kept;
  if (isEmptySet(fields)) return undefined;
  return entryOf({ ...who, time, fields });
}

/** Joins the oldest updates, version by version, until there are not too many; `entries` are sorted. */
function capUpdaters(entries: ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  const updaters = entries.filter(({ operation }) => operation === 'Update');
  let count = updaters.length;
  if (count <= MOST_UPDATERS) return entries;
  const left = new Set(entries);
  const buckets = new Map<string, ManagedFieldsEntry>();
  for (const entry of updaters) {
    if (count <= MOST_UPDATERS) break;
    const version = entry.apiVersion ?? '';
    const bucket = buckets.get(version);
    if (bucket) {
      const joined = entryOf({
        manager: OLD_UPDATES,
        operation: 'Update',
        apiVersion: version,
        subresource: '',
        time: entry.time ?? bucket.time,
        fields: union(fromFieldsV1(bucket.fieldsV1), fromFieldsV1(entry.fieldsV1)),
      });
      left.delete(bucket);
      left.delete(entry);
      left.add(joined);
      buckets.set(version, joined);
      count--;
    } else {
      buckets.set(version, entry);
    }
  }
  return sortEntries([...left]);
}

/** Puts an applier's fields in place of what it had; its time moves only with them or with the object. */
export function appliedEntry(
  old: ManagedFieldsEntry | undefined,
  who: ManagerIdentity,
  fields: FieldSet,
  change: { readonly isChanged: boolean; readonly now: Date },
): ManagedFieldsEntry | undefined {
  if (isEmptySet(fields)) return undefined;
  const same =
    old !== undefined && old.apiVersion === who.apiVersion && equalSets(fromFieldsV1(old.fieldsV1), fields);
  if (same && !change.isChanged) return old;
  return entryOf({ ...who, time: timestamp(change.now), fields });
}
