import { badRequest, conflict, notFound, staleWrite } from '@wheelhouse/shared/errors';
import type { FieldError } from '@wheelhouse/shared/meta/field-error';
import { cloneJson, equalJson } from '@wheelhouse/shared/meta/json';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import { validateObjectMetaUpdate } from '@wheelhouse/shared/meta/validation';
import { isReleased } from './deletion';
import type { Entry } from './entry';
import { equalExcept } from './json';
import { dropRepeatedOwners } from './owner-references';
import { packOwners, setOwners, trackOwners } from './owners';
import { pause } from './pause';
import type { Ref, RequestContext, WriteOutcome } from './request-context';
import type { MutableMeta, StoredResource } from './stored-resource';

/** Lost races until a retried write gives up; each loss means that somebody else's write went through. */
const ATTEMPTS = 200;

export interface Mutation {
  readonly context: RequestContext;
  readonly ref: Ref;
  /**
   * Whose rules apply: those of the resource, those of its `/status`, of another part, or none beyond the metadata's
   * (`/scale`, `/binding`: their code changes only what it may).
   */
  readonly rules: 'main' | 'status' | 'part' | 'internal';
  /** For admission; undefined for the resource itself. */
  readonly subresource?: string | undefined;
  /** The object that is built says itself who owns what. */
  readonly ownersGiven?: boolean;
  /** The server's own doing on the way to something else that admission is asked about. */
  readonly isOwn?: boolean;
  /**
   * The wanted object, made of what stands there; a private copy. Runs again after a lost race, unless the object
   * that it returns insists on a revision. Throws for refusals.
   */
  build(current: Stored<KubeObject>): KubeObject;
}

/**
 * Changes what stands there, by compare-and-swap. A change that changes nothing keeps the revision and writes
 * nothing; one that takes the last hold off an object under deletion removes it.
 *
 * It begins with what the cache has, unasked whether that is the newest: if it is not, the swap fails and the change
 * is made anew. Only what writes nothing (refusals, changes that change nothing, dry runs) has to be sure.
 */
export async function mutateObject(resource: StoredResource, mutation: Mutation): Promise<WriteOutcome> {
  const { context, ref } = mutation;
  const key = resource.key(ref);
  const newest = new NewestState(resource, key);
  let current = context.dryRun ? await newest.sure() : await newest.likely();
  for (let attempt = 1; ; attempt++) {
    if (!current) throw notFound(resource.subject(ref.name));
    const before: Entry = current;
    const pending = resource.prepared([before]);
    if (pending) await pending;
    const previous = resource.view(before);
    let decision: Decision;
    try {
      decision = await decide(resource, mutation, previous);
    } catch (error) {
      current = await newest.other(before);
      if (current === before) throw error;
      continue;
    }
    const { next, insists, undo } = decision;
    await pause(context);

    if (isReleased(next)) {
      const outcome = await removeReleased(resource, context, key, before, next);
      if (outcome) return outcome;
      current = await newest.reread();
      continue;
    }
    if (equalJson(next, previous)) {
      current = await newest.other(before);
      if (current !== before) continue;
      return { before, after: before, answer: before, created: false };
    }
    if (context.dryRun) {
      await (await resource.hook?.reserve(next, previous, true))?.rollback();
      const after = await resource.unstored(ref, next, before.revision);
      return { before, after, answer: after, created: false };
    }
    const result = await swap(resource, key, before, next, previous);
    if ('entry' in result) {
      return { before, after: result.entry, answer: result.entry, created: false };
    }
    await undo?.();
    if (insists || attempt >= ATTEMPTS) throw staleWrite(resource.subject(ref.name));
    current = newest.found(result.current);
  }
}

interface Decision {
  readonly next: KubeObject;
  /** A lost race is a conflict. */
  readonly insists: boolean;
  /** What admission did elsewhere, to be undone after a lost race. */
  readonly undo: (() => Promise<void>) | undefined;
}

async function decide(
  resource: StoredResource,
  mutation: Mutation,
  previous: Stored<KubeObject>,
): Promise<Decision> {
  const { context, ref, subresource } = mutation;
  const next = mutation.build(previous);
  await pause(context);
  dropRepeatedOwners(next, context, 'made');
  const insists = carryMetadata(resource, next, previous, ref);
  applyRules(resource, mutation, next, previous);
  await pause(context);
  const check = (changed: boolean) => {
    if (changed) applyRulesAgain(resource, mutation, next, previous);
    resource.refuseInvalid(ref.name, updateErrors(resource, mutation, next, previous));
  };
  if (mutation.isOwn) {
    check(false);
    packOwners(resource, context, next);
    return { next, insists, undo: undefined };
  }
  const undo = await resource.admit(
    'update',
    { context, ref, subresource, object: next, oldObject: previous },
    check,
  );
  packOwners(resource, context, next);
  return { next, insists, undo };
}

/**
 * What stands under a key, and whether it is known to have stood there after the request began. The question costs
 * a round trip to the store, so it is asked only by those that need to know.
 */
export class NewestState {
  #isSure = false;

  constructor(
    private readonly resource: StoredResource,
    private readonly key: string,
  ) {}

  /** What the cache has; that something is missing has to be certain. */
  async likely(): Promise<Entry | undefined> {
    return this.resource.cache.index.get(this.key) ?? this.sure();
  }

  async sure(): Promise<Entry | undefined> {
    await this.resource.services.feed.fresh();
    this.#isSure = true;
    return this.resource.cache.index.get(this.key);
  }

  /** `entry` again if that is what stands there for sure, otherwise what does. */
  async other(entry: Entry): Promise<Entry | undefined> {
    if (this.#isSure) return entry;
    const current = await this.sure();
    return current?.revision === entry.revision ? entry : current;
  }

  /** What the store holds now, not waiting for the cache. */
  async reread(): Promise<Entry | undefined> {
    const { store, feed } = this.resource.services;
    const stored = await store.get(this.key);
    return this.found(stored && feed.decode(this.resource.cache, stored));
  }

  /** The store has told what it holds. */
  found(entry: Entry | undefined): Entry | undefined {
    this.#isSure = true;
    return entry;
  }
}

type Swapped = { readonly entry: Entry } | { readonly current: Entry | undefined };

async function swap(
  resource: StoredResource,
  key: string,
  before: Entry,
  next: KubeObject,
  previous: KubeObject,
): Promise<Swapped> {
  const { feed } = resource.services;
  const reservation = await resource.hook?.reserve(next, previous, false);
  let written = false;
  const converted = resource.toStored(next);
  const stored = converted instanceof Promise ? await converted : converted;
  try {
    const value = resource.encode(stored);
    const lease = await resource.services.leaseFor(resource.storageId);
    feed.announce(key, value, stored);
    try {
      const result = await resource.write({
        op: 'put',
        key,
        value,
        expected: before.revision,
        ...(lease ? { lease } : {}),
      });
      if (!result.ok) {
        feed.retract(key, value);
        return { current: result.current && feed.decode(resource.cache, result.current) };
      }
      written = true;
      return { entry: feed.acknowledge(resource.cache, key, value, result.revision, stored) };
    } catch (error) {
      feed.retract(key, value);
      throw error;
    }
  } finally {
    if (written) await reservation?.commit();
    else await reservation?.rollback();
  }
}

/** Undefined: the race was lost. */
async function removeReleased(
  resource: StoredResource,
  context: RequestContext,
  key: string,
  before: Entry,
  next: KubeObject,
): Promise<WriteOutcome | undefined> {
  const answer = await resource.unstored(
    { namespace: before.namespace, name: before.name },
    next,
    before.revision,
  );
  if (!context.dryRun) {
    const result = await resource.write({ op: 'delete', key, expected: before.revision });
    if (!result.ok) return undefined;
    await resource.hook?.removed?.(before.object);
  }
  return { before, after: undefined, answer, created: false };
}

/**
 * Fills in and checks the metadata that an update cannot change. True when the object insists on the revision that
 * it was made from, so that a lost race is a conflict.
 */
function carryMetadata(
  resource: StoredResource,
  next: KubeObject,
  previous: Stored<KubeObject>,
  ref: Ref,
): boolean {
  const sent = next.metadata ?? {};
  const from = previous.metadata;
  const revision = sent.resourceVersion ?? '';
  if (revision !== '' && !/^\d{1,19}$/.test(revision)) {
    throw badRequest(
      `resourceVersion: strconv.ParseUint: parsing ${JSON.stringify(revision)}: invalid syntax`,
    );
  }
  const insists = revision !== '' && revision !== '0';
  if (insists && revision !== from.resourceVersion) throw staleWrite(resource.subject(ref.name));
  const metadata: MutableMeta = {
    ...sent,
    name: sent.name || ref.name,
    uid: sent.uid || from.uid,
    resourceVersion: from.resourceVersion,
  };
  if (ref.namespace !== undefined) metadata.namespace = sent.namespace || ref.namespace;
  else delete metadata.namespace;
  carry(metadata, from, 'creationTimestamp');
  // Only a deletion begins one: an update that says so is refused further on, one that denies it is overruled.
  if (from.deletionTimestamp !== undefined) carry(metadata, from, 'deletionTimestamp');
  metadata.deletionGracePeriodSeconds ??= from.deletionGracePeriodSeconds;
  if (metadata.deletionGracePeriodSeconds === undefined) delete metadata.deletionGracePeriodSeconds;
  carry(metadata, from, 'generation');
  delete metadata.selfLink;
  next.metadata = metadata;
  return insists;
}

function carry<K extends keyof MutableMeta>(to: MutableMeta, from: MutableMeta, field: K): void {
  if (from[field] === undefined) delete to[field];
  else to[field] = from[field];
}

function applyRules(
  resource: StoredResource,
  mutation: Mutation,
  next: KubeObject,
  previous: Stored<KubeObject>,
): void {
  const { kind } = resource;
  const { rules } = mutation;
  const context = { now: resource.now() };
  if (rules === 'internal') {
    // A binding is the server's own change: nobody owns it.
    if (mutation.subresource !== 'binding' && !mutation.ownersGiven)
      trackOwners(resource, mutation, next, previous);
    countGeneration(resource, next, previous);
    return;
  }
  kind.default?.(next);
  if (rules === 'status') {
    const owners = next.metadata?.managedFields;
    if (kind.prepareForStatusUpdate) kind.prepareForStatusUpdate(next, cloneOf(previous), context);
    else keepAllButStatus(next, previous);
    if (mutation.ownersGiven) setOwners(next, owners);
    else trackOwners(resource, mutation, next, previous);
    return;
  }
  if (rules === 'part') {
    const owners = next.metadata?.managedFields;
    kind.parts?.[mutation.subresource ?? '']?.prepareForUpdate(next, cloneOf(previous), context);
    if (mutation.ownersGiven) setOwners(next, owners);
    else trackOwners(resource, mutation, next, previous);
    countGeneration(resource, next, previous);
    return;
  }
  // Before what was sent but cannot be changed is put back: its sender owns what it wants.
  if (!mutation.ownersGiven) trackOwners(resource, mutation, next, previous);
  if (kind.prepareForUpdate) kind.prepareForUpdate(next, cloneOf(previous), context);
  else if (kind.status) keepStatus(next, previous);
  countGeneration(resource, next, previous);
}

/** A program outside has changed the object: it gets no further by that than the request itself would. */
function applyRulesAgain(
  resource: StoredResource,
  mutation: Mutation,
  next: KubeObject,
  previous: Stored<KubeObject>,
): void {
  carryMetadata(resource, next, previous, mutation.ref);
  applyRules(resource, { ...mutation, ownersGiven: true }, next, previous);
}

/** Hooks may move parts of the previous object into the next one, which is mutated further on: they get a copy. */
function cloneOf(previous: Stored<KubeObject>): KubeObject {
  return cloneJson<KubeObject>(previous);
}

function keepStatus(
  next: KubeObject & { status?: unknown },
  previous: KubeObject & { status?: unknown },
): void {
  if (previous.status === undefined) delete next.status;
  else next.status = cloneJson(previous.status);
}

function keepAllButStatus(next: KubeObject & { status?: unknown }, previous: KubeObject): void {
  const { status } = next;
  for (const key of Object.keys(next)) delete (next as Record<string, unknown>)[key];
  Object.assign(next, cloneJson(previous));
  if (status === undefined) delete next.status;
  else next.status = status;
}

/** Generation counts changes of what the user wants: everything but metadata and status. */
function countGeneration(resource: StoredResource, next: KubeObject, previous: Stored<KubeObject>): void {
  const { generation } = resource;
  if (!generation || generation === 'fixed' || !next.metadata) return;
  // A custom resource without a status subresource has a status like any other field.
  const status = resource.kind.custom && !resource.kind.status ? [] : ['status'];
  const also = resource.kind.generationCounts;
  const sameMetadata = !also || equalJson(next.metadata[also] ?? {}, previous.metadata[also] ?? {});
  if (sameMetadata && equalExcept(next, previous, ['metadata', 'kind', 'apiVersion', ...status])) return;
  next.metadata = { ...next.metadata, generation: (previous.metadata.generation ?? 0) + 1 };
}

function updateErrors(
  resource: StoredResource,
  { rules, subresource }: Mutation,
  next: KubeObject,
  previous: Stored<KubeObject>,
): FieldError[] {
  const { kind } = resource;
  const errors = validateObjectMetaUpdate(next.metadata ?? {}, previous.metadata, kind);
  if (rules === 'main') {
    errors.push(...(kind.validate?.(next) ?? []), ...(kind.validateUpdate?.(next, previous) ?? []));
  } else if (rules === 'status') {
    errors.push(...(kind.validateStatusUpdate?.(next, previous) ?? []));
  } else if (rules === 'part') {
    errors.push(...(kind.parts?.[subresource ?? '']?.validateUpdate?.(next, previous) ?? []));
  } else if (subresource !== 'binding') {
    errors.push(...(kind.validate?.(next) ?? []));
    if (kind.custom) errors.push(...(kind.validateUpdate?.(next, previous) ?? []));
  }
  return errors;
}

/** For PUT: the URL and the object must speak of the same thing. */
export function checkIdentity(resource: StoredResource, ref: Ref, object: KubeObject): void {
  const { name, namespace } = object.metadata ?? {};
  if (!name) throw unnamed(ref.name);
  if (name !== ref.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${ref.name})`);
  }
  // An object that has no place in a namespace gets rid of it.
  if (namespace && resource.kind.namespaced && namespace !== (ref.namespace ?? '')) {
    throw badRequest(
      `the namespace of the object (${namespace}) does not match the namespace on the request (${ref.namespace})`,
    );
  }
}

/** The refusal of an object that says no name where the URL has one. */
export function unnamed(name: string) {
  return badRequest(
    `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
  );
}

/** A PUT that names a uid means that very object. */
export function checkUid(
  resource: StoredResource,
  ref: Ref,
  object: KubeObject,
  current: Stored<KubeObject>,
): void {
  const uid = object.metadata?.uid;
  if (uid && uid !== current.metadata.uid) {
    throw conflict(
      resource.subject(ref.name),
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`,
    );
  }
}
