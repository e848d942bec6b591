import { type Clock, systemClock } from '../../clock';
import { alreadyExists, badRequest, conflict, expired, notFound, staleWrite } from '../../errors';
import { apiVersionOf, groupResourceOf, type ResourceType } from '../../meta/kind';
import {
  type KubeObject,
  keyOf,
  type ObjectKey,
  type ObjectList,
  type Status,
  type Stored,
} from '../../meta/object';
import type {
  Client,
  DeleteOptions,
  ListOptions,
  ObjectRef,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../client';

export interface Call {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'subresource';
  readonly type: ResourceType;
  readonly key: ObjectKey;
  readonly subresource?: string | undefined;
}

interface Change {
  readonly revision: number;
  readonly resource: string;
  readonly event: WatchEvent<KubeObject>;
}

/**
 * The API's rules that controllers depend on, in memory and under a test's control: revisions, conflicts, the
 * split of spec and status, generations, finalizers (namespaces' too), grace of bound pods, watches that resume, expiry. It knows no
 * defaults, validation, selectors or strategic patches: what needs those is tested against the real API server.
 */
export class MemoryClient implements Client {
  readonly #objects = new Map<string, Map<ObjectKey, Stored<KubeObject>>>();
  readonly #history: Change[] = [];
  readonly #wakers = new Set<() => void>();
  #revision = 100;
  /** Watches from before it are refused as expired. */
  #oldest = 0;
  /** Changes of a resource after this revision are not shown to watchers: how a test lets caches lag. */
  readonly #hiddenAfter = new Map<string, number>();
  #generation = 0;
  /** Every call so far, in order. */
  readonly calls: Call[] = [];
  /** Runs before each call; throwing makes the call fail with nothing done. */
  before: ((call: Call) => void) | undefined;
  /** Runs after each write took effect; throwing loses the answer. */
  after: ((call: Call) => void) | undefined;

  constructor(private readonly clock: Clock = systemClock) {}

  get writes(): Call[] {
    return this.calls.filter(({ verb }) => verb !== 'get' && verb !== 'list' && verb !== 'watch');
  }

  /** Watchers of this resource see nothing new until `showChanges`: each kind may lag on its own. */
  hideChanges(type: ResourceType): void {
    this.#hiddenAfter.set(groupResourceOf(type), this.#revision);
  }

  showChanges(): void {
    this.#hiddenAfter.clear();
    this.#wake();
  }

  /** Ends every open watch; watches from a revision before now are then refused with `Expired`. */
  expireWatches(): void {
    this.#oldest = this.#revision;
    this.endWatches();
  }

  /** Ends every open watch, as a server does when it restarts. */
  endWatches(): void {
    this.#generation += 1;
    this.#wake();
  }

  /** What is stored now, without a call. */
  all<T extends KubeObject>(type: ResourceType<T>): Stored<T>[] {
    // Objects were put in under the same type.
    return [...(this.#objects.get(groupResourceOf(type))?.values() ?? [])] as Stored<T>[];
  }

  async get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef): Promise<Stored<T>> {
    const key = refKey(ref);
    this.#begin({ verb: 'get', type, key });
    return this.#find(type, key);
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    this.#begin({ verb: 'list', type, key: options.namespace ?? '' });
    return {
      kind: `${type.kind}List`,
      apiVersion: apiVersionOf(type),
      metadata: { resourceVersion: String(this.#revision) },
      items: this.all(type).filter((item) => inNamespace(item, options.namespace)),
    };
  }

  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    this.#begin({ verb: 'watch', type, key: options.namespace ?? '' });
    const { signal } = options;
    const generation = this.#generation;
    const resource = groupResourceOf(type);
    const from = Number(options.resourceVersion ?? 0);
    if (from < this.#oldest) throw expired('too old resource version');
    let position = this.#history.findIndex(({ revision }) => revision > from);
    if (position < 0) position = this.#history.length;
    while (!signal?.aborted && generation === this.#generation) {
      const change = this.#history[position];
      const hiddenAfter = this.#hiddenAfter.get(resource) ?? Number.POSITIVE_INFINITY;
      if (change && change.revision <= hiddenAfter) {
        position += 1;
        if (change.resource === resource && inNamespace(change.event.object, options.namespace)) {
          // Changes of this resource hold objects of its type.
          yield change.event as WatchEvent<T>;
        }
        continue;
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#wakers.delete(wake);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        this.#wakers.add(wake);
        signal?.addEventListener('abort', wake);
      });
    }
  }

  async create<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<Stored<T>> {
    const generated =
      object.metadata?.generateName && `${object.metadata.generateName}${(this.#revision + 1).toString(36)}`;
    const name = object.metadata?.name || generated;
    if (!name) throw badRequest('a name or generateName is required');
    const copy = structuredClone(object);
    copy.metadata = { ...copy.metadata, name };
    const key = keyOf(copy);
    const call: Call = { verb: 'create', type, key, subresource: options.subresource };
    this.#begin(call);
    if (this.#bucket(type).has(key)) throw alreadyExists(subject(type, name));
    this.#revision += 1;
    const stored = this.#seal(type, copy, {
      ...copy.metadata,
      uid: `uid-${this.#revision}`,
      creationTimestamp: seconds(this.clock.now()),
      generation: 1,
    });
    this.#commit(type, 'ADDED', stored);
    return this.#answer(call, stored);
  }

  async update<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<Stored<T>> {
    const key = keyOf(object);
    const call: Call = { verb: 'update', type, key, subresource: options.subresource };
    this.#begin(call);
    return this.#answer(call, this.#replace(type, key, structuredClone(object), options.subresource));
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<Stored<T>> {
    const key = refKey(ref);
    const call: Call = { verb: 'patch', type, key, subresource: options.subresource };
    this.#begin(call);
    if (patch.type !== 'merge') throw badRequest(`patch type ${patch.type} needs the real API server`);
    const current = this.#find(type, key);
    // Merging keeps the shape of the type as far as the patch does.
    const merged = merge(current, patch.body) as T;
    if (merged.metadata?.uid !== current.metadata.uid)
      throw conflict(subject(type, ref.name), 'the UID differs');
    return this.#answer(call, this.#replace(type, key, merged, options.subresource));
  }

  async delete<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    options: DeleteOptions = {},
  ): Promise<Stored<T> | Status> {
    const key = refKey(ref);
    const call: Call = { verb: 'delete', type, key };
    this.#begin(call);
    const current = this.#find(type, key);
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (uid !== undefined && uid !== current.metadata.uid)
      throw conflict(subject(type, ref.name), 'the UID differs');
    if (resourceVersion !== undefined && resourceVersion !== current.metadata.resourceVersion) {
      throw staleWrite(subject(type, ref.name));
    }
    const finalizers = [...(current.metadata.finalizers ?? [])];
    if (options.propagationPolicy === 'Foreground') finalizers.push('foregroundDeletion');
    if (options.propagationPolicy === 'Orphan') finalizers.push('orphan');
    const grace = options.gracePeriodSeconds ?? (isBoundPod(type, current) ? 30 : 0);
    this.#revision += 1;
    const next = this.#seal(type, structuredClone(current), {
      ...structuredClone(current.metadata),
      ...(finalizers.length ? { finalizers: [...new Set(finalizers)] } : {}),
      deletionTimestamp: current.metadata.deletionTimestamp ?? seconds(this.clock.now()),
      deletionGracePeriodSeconds: grace,
    });
    const held = finalizers.length > 0 || grace > 0 || isHeldNamespace(type, next);
    this.#commit(type, held ? 'MODIFIED' : 'DELETED', next);
    return this.#answer(call, next);
  }

  async createSubresource<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    subresource: string,
    body: KubeObject,
  ): Promise<KubeObject | Status> {
    const call: Call = { verb: 'subresource', type, key: refKey(ref), subresource };
    this.#begin(call);
    const current = this.#find(type, refKey(ref));
    if (subresource === 'eviction') return this.delete(type, ref);
    if (subresource !== 'binding' || !('target' in body))
      throw badRequest(`no subresource ${subresource} here`);
    const { name } = body.target as { name: string };
    return this.#answer(
      call,
      this.#replace(type, call.key, merge(current, { spec: { nodeName: name } }) as T, undefined),
    );
  }

  #replace<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    next: T,
    subresource?: string,
  ): Stored<T> {
    const current = this.#find(type, key);
    const { name, uid, creationTimestamp, generation, resourceVersion, deletionTimestamp } = current.metadata;
    const wanted = next.metadata?.resourceVersion;
    if (wanted && wanted !== resourceVersion) throw staleWrite(subject(type, name));
    const fromStatus = subresource === 'status' || subresource === 'approval';
    const body = (
      fromStatus
        ? { ...current, ...pick(next, 'status') }
        : { ...next, status: undefined, ...pick(current, 'status') }
    ) as T;
    const specChanged = !fromStatus && content(body) !== content(current);
    const metadata = {
      // A status is written with annotations, where they are sent.
      ...(fromStatus ? { ...current.metadata, ...annotationsOf(next) } : next.metadata),
      ...{ name, uid, creationTimestamp, deletionTimestamp },
      generation: (generation ?? 1) + (specChanged ? 1 : 0),
    };
    const same = this.#seal(type, structuredClone(body), metadata, resourceVersion);
    if (JSON.stringify(ordered(same)) === JSON.stringify(ordered(current))) return current;
    this.#revision += 1;
    const stored = this.#seal(type, structuredClone(body), metadata);
    const gone =
      deletionTimestamp &&
      !stored.metadata.finalizers?.length &&
      !stored.metadata.deletionGracePeriodSeconds &&
      !isHeldNamespace(type, stored);
    this.#commit(type, gone ? 'DELETED' : 'MODIFIED', stored);
    return stored;
  }

  #begin(call: Call): void {
    this.calls.push(call);
    this.before?.(call);
  }

  #answer<R>(call: Call, result: R): R {
    this.after?.(call);
    return result;
  }

  #bucket(type: ResourceType): Map<ObjectKey, Stored<KubeObject>> {
    const resource = groupResourceOf(type);
    let bucket = this.#objects.get(resource);
    if (!bucket) {
      bucket = new Map();
      this.#objects.set(resource, bucket);
    }
    return bucket;
  }

  #find<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Stored<T> {
    const object = this.#bucket(type).get(key);
    if (!object) throw notFound(subject(type, key.slice(key.indexOf('/') + 1)));
    // Objects were put in under the same type.
    return object as Stored<T>;
  }

  #seal<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    metadata: NonNullable<KubeObject['metadata']>,
    resourceVersion = String(this.#revision),
  ): Stored<T> {
    const sealed = {
      ...object,
      kind: type.kind,
      apiVersion: apiVersionOf(type),
      metadata: { ...metadata, resourceVersion },
    };
    // undefined must not differ from absent, as on the wire. name and uid are set by every caller.
    return deepFreeze(JSON.parse(JSON.stringify(sealed))) as Stored<T>;
  }

  #commit(type: ResourceType, kind: 'ADDED' | 'MODIFIED' | 'DELETED', object: Stored<KubeObject>): void {
    if (kind === 'DELETED') this.#bucket(type).delete(keyOf(object));
    else this.#bucket(type).set(keyOf(object), object);
    this.#history.push({
      revision: this.#revision,
      resource: groupResourceOf(type),
      event: { type: kind, object },
    });
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }
}

const refKey = ({ namespace, name }: ObjectRef) => (namespace ? `${namespace}/${name}` : name);
const subject = (type: ResourceType, name: string) => ({ group: type.group, kind: type.plural, name });
const seconds = (now: Date) => now.toISOString().replace(/\.\d+Z$/, 'Z');
const inNamespace = (object: KubeObject, namespace: string | undefined) =>
  namespace === undefined || object.metadata?.namespace === namespace;
const isBoundPod = (type: ResourceType, object: KubeObject) =>
  type.plural === 'pods' && !!(object as { spec?: { nodeName?: string } }).spec?.nodeName;
/** Namespaces have finalizers of their own in their spec. */
const isHeldNamespace = (type: ResourceType, object: KubeObject) =>
  type.plural === 'namespaces' &&
  ((object as { spec?: { finalizers?: string[] } }).spec?.finalizers?.length ?? 0) > 0;
const pick = (object: object, field: string) =>
  field in object ? { [field]: Reflect.get(object, field) } : {};
const content = (object: object) =>
  JSON.stringify(
    ordered({ ...object, metadata: undefined, status: undefined, kind: undefined, apiVersion: undefined }),
  );

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, ordered(v)]));
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return structuredClone(patch);
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const result: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merge(result[name], value);
  }
  return result;
}

function deepFreeze<V>(value: V): V {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}

function annotationsOf({ metadata }: KubeObject) {
  return metadata?.annotations ? { annotations: metadata.annotations } : {};
}
