import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import type { Informer } from '@wheelhouse/shared/client/informer';
import type { Clock } from '@wheelhouse/shared/clock';
import { groupResourceOf, type ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { Logger } from '../../component';
import { indexesOf } from './indexes';
import { ObjectCache } from './object-cache';

interface Shared<T extends KubeObject> {
  readonly version: string;
  readonly informer: Informer<T>;
  readonly cache: ObjectCache<T>;
}

/** Every kind is watched once, however many controllers look at it. */
export class SharedInformers {
  readonly #shared = new Map<string, Shared<KubeObject>>();
  #started = false;

  constructor(
    private readonly client: Client,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  of<T extends KubeObject>(type: ResourceType<T>): Shared<T> {
    const resource = groupResourceOf(type);
    let shared = this.#shared.get(resource);
    if (!shared) {
      const indexes = indexesOf(type);
      const { client, clock, log } = this;
      const onError = (error: unknown) => log.warn({ err: error, resource }, 'watching failed, trying again');
      const informer: Informer<KubeObject> = createInformer<KubeObject>(client, type, {
        clock,
        indexes,
        onError,
      });
      shared = { version: type.version, informer, cache: new ObjectCache(informer, indexes, clock) };
      this.#shared.set(resource, shared);
      if (this.#started) informer.start();
    }
    // The map holds one entry a resource, made for that resource's type.
    return shared as unknown as Shared<T>;
  }

  /** The cache of a resource that somebody watches. */
  cacheOf<T extends KubeObject>(type: ResourceType<T>): ObjectCache<T> | undefined {
    return this.#shared.has(groupResourceOf(type)) ? this.of(type).cache : undefined;
  }

  /** Stops watching a resource that is no longer served; whoever asks for it again gets a new informer. */
  forget(type: ResourceType): void {
    const resource = groupResourceOf(type);
    const shared = this.#shared.get(resource);
    // Another controller may have gone on to another version already.
    if (shared?.version !== type.version) return;
    shared.informer.stop();
    this.#shared.delete(resource);
  }

  start(): void {
    this.#started = true;
    for (const { informer } of this.#shared.values()) informer.start();
  }

  async synced(): Promise<void> {
    await Promise.all([...this.#shared.values()].map(({ informer }) => informer.synced()));
  }

  stop(): void {
    for (const { informer } of this.#shared.values()) informer.stop();
  }
}
