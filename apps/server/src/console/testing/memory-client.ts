import type { Client, ObjectRef, WatchEvent, WatchOptions } from '@wheelhouse/shared/client/client';
import { methodNotAllowed, notFound } from '@wheelhouse/shared/errors';
import { apiVersionOf, groupResourceOf, type ResourceType } from '@wheelhouse/shared/meta/kind';
import { type KubeObject, keyOf, type ObjectList, type Stored } from '@wheelhouse/shared/meta/object';

/**
 * A cluster for the console's tests: objects are put and removed by hand, and read through the client's list and
 * watch. It knows no rules; what the API itself does is tested where the API is.
 */
export class MemoryClient implements Client {
  readonly #objects = new Map<string, Stored<KubeObject>>();
  readonly #log: { resource: string; event: WatchEvent<KubeObject> }[] = [];
  #wake: (() => void)[] = [];
  #revision = 100;

  get revision(): number {
    return this.#revision;
  }

  put<T extends KubeObject>(type: ResourceType<T>, object: T): Stored<T> {
    const key = this.#key(type, keyOf(object));
    const known = this.#objects.get(key);
    this.#revision += 1;
    const stored = {
      ...object,
      kind: type.kind,
      apiVersion: apiVersionOf(type),
      metadata: {
        creationTimestamp: new Date().toISOString(),
        ...object.metadata,
        name: object.metadata?.name ?? '',
        uid: known?.metadata.uid ?? object.metadata?.uid ?? `uid-${this.#revision}`,
        resourceVersion: String(this.#revision),
      },
    } as Stored<T>;
    this.#objects.set(key, stored);
    this.#tell(type, { type: known ? 'MODIFIED' : 'ADDED', object: stored });
    return stored;
  }

  remove(type: ResourceType, ref: ObjectRef): void {
    const key = this.#key(type, keyOf({ metadata: { ...ref } as KubeObject['metadata'] & object }));
    const known = this.#objects.get(key);
    if (!known) return;
    this.#objects.delete(key);
    this.#revision += 1;
    const metadata = { ...known.metadata, resourceVersion: String(this.#revision) };
    this.#tell(type, { type: 'DELETED', object: { ...known, metadata } });
  }

  async get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef): Promise<Stored<T>> {
    const key = this.#key(type, keyOf({ metadata: { ...ref } as KubeObject['metadata'] & object }));
    const object = this.#objects.get(key);
    if (!object) throw notFound({ kind: type.plural, group: type.group, name: ref.name });
    return object as Stored<T>;
  }

  async list<T extends KubeObject>(type: ResourceType<T>): Promise<ObjectList<T>> {
    const prefix = `${groupResourceOf(type)} `;
    const items = [...this.#objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object);
    return {
      kind: `${type.kind}List`,
      apiVersion: apiVersionOf(type),
      metadata: { resourceVersion: String(this.#revision) },
      // Keys carry the resource, so these are of that type.
      items: items as Stored<T>[],
    };
  }

  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>> {
    const from = Number(options.resourceVersion ?? 0);
    let at = this.#log.findIndex(({ event }) => Number(event.object.metadata.resourceVersion) > from);
    if (at < 0) at = this.#log.length;
    const stop = () => this.#wakeAll();
    options.signal?.addEventListener('abort', stop);
    try {
      while (!options.signal?.aborted) {
        const entry = this.#log[at];
        if (!entry) {
          await new Promise<void>((resolve) => this.#wake.push(resolve));
          continue;
        }
        at += 1;
        // The log's entries of this resource are of its type.
        if (entry.resource === groupResourceOf(type)) yield entry.event as WatchEvent<T>;
      }
    } finally {
      options.signal?.removeEventListener('abort', stop);
    }
  }

  create(): Promise<never> {
    return Promise.reject(methodNotAllowed());
  }
  update(): Promise<never> {
    return Promise.reject(methodNotAllowed());
  }
  patch(): Promise<never> {
    return Promise.reject(methodNotAllowed());
  }
  delete(): Promise<never> {
    return Promise.reject(methodNotAllowed());
  }
  createSubresource(): Promise<never> {
    return Promise.reject(methodNotAllowed());
  }

  #key(type: ResourceType, key: string): string {
    return `${groupResourceOf(type)} ${key}`;
  }

  #tell(type: ResourceType, event: WatchEvent<KubeObject>): void {
    this.#log.push({ resource: groupResourceOf(type), event });
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
