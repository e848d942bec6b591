import { notFound } from '@wheelhouse/shared/errors';
import { cloneJson } from '@wheelhouse/shared/meta/json';
import { apiVersionOf, type KindDefinition, type ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { AdmissionReader, EquivalentForm } from '../admission/admission';
import { type RegistryServices, StoredResource } from './stored-resource';

/** All served resources by group, version and plural. */
export class Registry {
  readonly #resources = new Map<string, StoredResource>();
  #byType = new WeakMap<ResourceType, StoredResource>();
  #kinds: readonly KindDefinition[];
  /** Changes whenever the set of served kinds does. */
  generation = 0;

  constructor(
    kinds: readonly KindDefinition[],
    readonly services: RegistryServices,
  ) {
    this.#kinds = kinds;
    for (const kind of kinds) {
      this.#resources.set(idOf(kind), new StoredResource(kind, services));
    }
  }

  /** All that is served now, in the order in which discovery shows it. */
  get kinds(): readonly KindDefinition[] {
    return this.#kinds;
  }

  /**
   * Serves `kinds` in place of those custom kinds that `replaced` holds for. Their caches must be there: see
   * StoreFeed.add.
   */
  serve(kinds: readonly KindDefinition[], replaced: (kind: KindDefinition) => boolean): void {
    const gone = this.#kinds.filter((kind) => kind.custom && replaced(kind));
    for (const kind of gone) this.#resources.delete(idOf(kind));
    for (const kind of kinds) this.#resources.set(idOf(kind), new StoredResource(kind, this.services));
    this.#kinds = [...this.#kinds.filter((kind) => !gone.includes(kind)), ...kinds];
    this.#byType = new WeakMap();
    this.generation++;
  }

  find(type: Pick<ResourceType, 'group' | 'version' | 'plural'>): StoredResource | undefined {
    return this.#resources.get(idOf(type));
  }

  /** The resource of a type that a caller in this process holds. Throws NotFound for one that is not served. */
  of(type: ResourceType): StoredResource {
    let resource = this.#byType.get(type);
    if (!resource) {
      resource = this.find(type);
      if (!resource) throw notFound({ group: type.group, kind: type.plural, name: '' });
      this.#byType.set(type, resource);
    }
    return resource;
  }
}

/** Finds the form of a resource's objects under another group and version. */
export function registrySibling(registry: () => Registry): NonNullable<RegistryServices['sibling']> {
  return (resource, apiVersion) => {
    for (const kind of registry().kinds) {
      if (kind.plural !== resource.kind.plural || apiVersionOf(kind) !== apiVersion) continue;
      const other = registry().find(kind);
      if (other?.cache === resource.cache) return other;
    }
    return undefined;
  };
}

/** The other forms of a resource's objects that are served. */
export function registryEquivalents(registry: () => Registry): NonNullable<RegistryServices['equivalents']> {
  return (resource) => {
    const forms: EquivalentForm[] = [];
    for (const kind of registry().kinds) {
      const other = kind === resource.kind ? undefined : registry().find(kind);
      if (!other || other === resource || other.cache !== resource.cache) continue;
      forms.push({
        kind,
        from: (object) => reform(resource, other, object),
        back: (object) => reform(other, resource, object),
      });
    }
    return forms;
  };
}

async function reform(from: StoredResource, to: StoredResource, object: KubeObject): Promise<KubeObject> {
  const { convert, convertOutside } = to.kind;
  // A program outside converts between any two versions.
  if (convertOutside) {
    const [converted] = await convertOutside.fromStored([cloneJson(object)]);
    if (converted) return converted;
  }
  const stored = await from.toStored(cloneJson(object));
  return convert ? convert.fromStored(stored) : stored;
}

function idOf(type: Pick<ResourceType, 'group' | 'version' | 'plural'>): string {
  return `${type.group}/${type.version}/${type.plural}`;
}

/** Current reads for admission plugins, out of the watch cache. */
export function registryReader(registry: () => Registry): AdmissionReader {
  return {
    async get<T extends KubeObject>(
      type: ResourceType<T>,
      ref: { name: string; namespace?: string | undefined },
    ) {
      const resource = registry().of(type);
      const key = resource.key({ namespace: ref.namespace, name: ref.name });
      let entry = resource.cache.index.get(key);
      if (!entry) {
        // What the cache has is new enough to decide by; only that something is missing has to be certain.
        await resource.services.feed.fresh();
        entry = resource.cache.index.get(key);
      }
      if (entry) await resource.prepared([entry]);
      // The caller's type names the kind that the resource holds.
      return entry && (resource.view(entry) as Stored<T>);
    },
    cached<T extends KubeObject>(
      type: ResourceType<T>,
      ref: { name: string; namespace?: string | undefined },
    ) {
      const resource = registry().of(type);
      const entry = resource.cache.index.get(resource.key({ namespace: ref.namespace, name: ref.name }));
      return entry && (resource.view(entry) as Stored<T>);
    },
    cachedList<T extends KubeObject>(type: ResourceType<T>) {
      const resource = registry().of(type);
      const found: Stored<T>[] = [];
      for (const entry of resource.cache.index.all()) found.push(resource.view(entry) as Stored<T>);
      return found;
    },
    recent<T extends KubeObject>(type: ResourceType<T>, namespace?: string) {
      const resource = registry().of(type);
      const { feed } = resource.services;
      const { ownWrite } = resource.cache;
      if (feed.revision >= ownWrite) return objectsOf<T>(resource, namespace);
      return feed.reached(ownWrite).then(() => objectsOf<T>(resource, namespace));
    },
    async list<T extends KubeObject>(type: ResourceType<T>, namespace?: string) {
      const resource = registry().of(type);
      await resource.services.feed.fresh();
      const { index } = resource.cache;
      await resource.prepared(namespace === undefined ? index.all() : index.inNamespace(namespace));
      return objectsOf<T>(resource, namespace);
    },
  };
}

/** What the cache holds of the namespace, or of all. The caller's type names the kind that the resource holds. */
function objectsOf<T extends KubeObject>(
  resource: StoredResource,
  namespace: string | undefined,
): Stored<T>[] {
  const { index } = resource.cache;
  // Most clusters have none of what some plugins ask for at every write.
  if (index.size === 0) return [];
  const entries = namespace === undefined ? index.all() : index.inNamespace(namespace);
  const found: Stored<T>[] = [];
  for (const entry of entries) found.push(resource.view(entry) as Stored<T>);
  return found;
}
