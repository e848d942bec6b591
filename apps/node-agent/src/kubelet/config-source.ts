import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import type { Informer } from '@wheelhouse/shared/client/informer';
import type { Clock } from '@wheelhouse/shared/clock';
import { isNotFound } from '@wheelhouse/shared/errors';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { ConfigMap, Secret } from 'kubernetes-types/core/v1';
import type { ConfigSource } from './env/container-env';

/** Names a config map or secret. */
export interface ConfigReference {
  readonly kind: 'configMap' | 'secret';
  readonly namespace: string;
  readonly name: string;
}

export interface WatchedConfigSource extends ConfigSource {
  /** Calls back after changes of these objects until the answered function is called. */
  watch(references: readonly ConfigReference[], onChange: () => void): () => void;
  stop(): void;
}

/** Long enough for the pods of one workload that start together, short enough that changes show. */
const FRESH_MS = 2_000;

/**
 * Reads config maps and secrets one by one: a node may read only those that its pods name. An object that pods show
 * in their volumes is watched once, however many they are; an immutable one is not watched at all.
 */
export function createConfigSource(
  client: Client,
  clock: Clock,
  onError: (error: unknown) => void = () => undefined,
): WatchedConfigSource {
  const configMaps = new WatchedObjects<ConfigMap>(client, configMapKind, { clock, onError });
  const secrets = new WatchedObjects<Secret>(client, secretKind, { clock, onError });
  return {
    configMap: (namespace, name) => configMaps.get(namespace, name),
    secret: (namespace, name) => secrets.get(namespace, name),
    watch(references, onChange) {
      const releases = references.map(({ kind, namespace, name }) =>
        (kind === 'configMap' ? configMaps : secrets).watch(namespace, name, onChange),
      );
      return () => {
        for (const release of releases) release();
      };
    },
    stop() {
      configMaps.stop();
      secrets.stop();
    },
  };
}

interface Watched<T extends KubeObject> {
  readonly informer: Informer<T>;
  readonly listeners: Set<() => void>;
  /** An object that says of itself that it never changes. */
  immutable: Stored<T> | undefined;
}

class WatchedObjects<T extends KubeObject & { readonly immutable?: boolean }> {
  readonly #fetched = new Map<string, { at: number; object: Promise<T | undefined> }>();
  readonly #watched = new Map<string, Watched<T>>();

  constructor(
    private readonly client: Client,
    private readonly type: ResourceType<T>,
    private readonly options: { clock: Clock; onError(error: unknown): void },
  ) {}

  get(namespace: string, name: string): Promise<T | undefined> {
    const key = `${namespace}/${name}`;
    const watched = this.#watched.get(key);
    const seen = watched?.immutable ?? (watched?.informer.hasSynced ? watched.informer.get(key) : undefined);
    return seen ? Promise.resolve(seen) : this.#fetch(namespace, name);
  }

  watch(namespace: string, name: string, onChange: () => void): () => void {
    const key = `${namespace}/${name}`;
    const watched = this.#watched.get(key) ?? this.#open(namespace, name);
    // A function of its own, so that the same listener may stand here twice.
    const listener = () => onChange();
    watched.listeners.add(listener);
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size > 0 || this.#watched.get(key) !== watched) return;
      this.#watched.delete(key);
      watched.informer.stop();
    };
  }

  stop(): void {
    for (const { informer } of this.#watched.values()) informer.stop();
    this.#watched.clear();
  }

  #open(namespace: string, name: string): Watched<T> {
    const informer = createInformer(this.client, this.type, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      ...this.options,
    });
    const watched: Watched<T> = { informer, listeners: new Set(), immutable: undefined };
    const note = (object: Stored<T>) => {
      this.#fetched.delete(`${namespace}/${name}`);
      if (object.immutable) {
        watched.immutable = object;
        informer.stop();
      }
      for (const listener of watched.listeners) listener();
    };
    informer.subscribe({ added: note, updated: note });
    this.#watched.set(`${namespace}/${name}`, watched);
    informer.start();
    return watched;
  }

  #fetch(namespace: string, name: string): Promise<T | undefined> {
    const now = this.options.clock.monotonic();
    for (const [key, { at }] of this.#fetched) if (now - at > FRESH_MS) this.#fetched.delete(key);
    const key = `${namespace}/${name}`;
    const known = this.#fetched.get(key);
    if (known) return known.object;
    const object = this.client.get(this.type, { namespace, name }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      this.#fetched.delete(key);
      throw error;
    });
    this.#fetched.set(key, { at: now, object });
    return object;
  }
}
