import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { isConflict, isExpired, isNotFound } from '@wheelhouse/shared/errors';
import {
  CUSTOM_RESOURCE_CLEANUP,
  customResourceDefinitionKind,
} from '@wheelhouse/shared/kinds/apiextensions/custom-resource-definition';
import { apiVersionOf, type KindDefinition } from '@wheelhouse/shared/meta/kind';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1';
import type { Logger } from '../component';
import type { Registry } from '../registry/registry';
import { EVERYTHING } from '../registry/selection';
import type { Renderer, Watcher } from '../registry/watch-cache';
import type { HookClient } from '../webhooks/hook-client';
import { kindsOf, storedTypeOf } from './custom-kind';
import { conditionOf, isEstablished, planNames, withCondition } from './names';

type Definition = Stored<CustomResourceDefinition>;

const RETRY_MS = 1000;
/** How soon objects that are held by finalizers are looked at again. */
const CLEANUP_MS = 500;
const PARALLEL = 16;

/** A definition that is served, and what it looked like when it began to be. */
interface Served {
  readonly fingerprint: string;
  readonly group: string;
  readonly plural: string;
}

/** Names of the definitions that changed; a renderer of its own kind of watcher. */
const NAMES: Renderer<string[]> = {
  id: 'definition names',
  render: (changes) => changes.map(({ entry }) => entry.name),
};

/**
 * Keeps what is served in step with the definitions in the store: names are accepted or refused, accepted ones are
 * served, the objects of a deleted definition go before it does. Every API server does this; they meet in the store,
 * where a lost race is tried again.
 */
export class CustomResources {
  readonly #served = new Map<string, Served>();
  readonly #due = new Set<string>();
  #watcher: Watcher<string[]> | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(
    private readonly options: {
      readonly registry: Registry;
      /** With the right to do everything. */
      readonly client: Client;
      readonly clock: Clock;
      readonly log: Logger;
      /** Asks conversion webhooks. */
      readonly hooks?: HookClient | undefined;
    },
  ) {}

  /** Serves what is established already; resolves when it is. */
  async start(): Promise<void> {
    this.#follow();
    await this.settled();
  }

  stop(): void {
    this.#closed = true;
    this.#watcher?.close();
  }

  /** Resolves when every change of a definition that this server has seen is served. */
  async settled(): Promise<void> {
    this.#pull();
    while (this.#running) await this.#running;
  }

  get #cache() {
    return this.options.registry.of(customResourceDefinitionKind).cache;
  }

  /** Watches from now on, and looks at everything there is once. */
  #follow(): void {
    if (this.#closed) return;
    this.#watcher?.close();
    this.#watcher = this.#cache.watchFromNow(EVERYTHING, NAMES);
    this.#watcher.onWake = () => this.#pull();
    for (const entry of this.#cache.index.all()) this.#due.add(entry.name);
    for (const name of this.#served.keys()) this.#due.add(name);
    this.#run();
  }

  #pull(): void {
    try {
      for (;;) {
        const names = this.#watcher?.pull();
        if (!names) break;
        for (const name of names) this.#due.add(name);
      }
    } catch (error) {
      if (!isExpired(error)) throw error;
      this.#follow();
      return;
    }
    this.#run();
  }

  #run(): void {
    if (this.#running || this.#due.size === 0 || this.#closed) return;
    this.#running = this.#drain().finally(() => {
      this.#running = undefined;
      this.#run();
    });
  }

  async #drain(): Promise<void> {
    for (const name of this.#due) {
      this.#due.delete(name);
      if (this.#closed) return;
      try {
        await this.#reconcile(name);
      } catch (error) {
        // Somebody else wrote first: the event of that write brings us back here.
        if (isConflict(error) || isNotFound(error)) continue;
        this.options.log.error(
          { err: error, definition: name },
          'a custom resource definition cannot be served',
        );
        this.#again(name, RETRY_MS);
      }
    }
  }

  #again(name: string, ms: number): void {
    this.options.clock.after(ms, () => {
      this.#due.add(name);
      this.#run();
    });
  }

  #current(name: string): Definition | undefined {
    const resource = this.options.registry.of(customResourceDefinitionKind);
    const entry = resource.cache.index.get(resource.key({ namespace: undefined, name }));
    // The cache of definitions holds nothing else.
    return entry && (entry.object as Definition);
  }

  async #reconcile(name: string): Promise<void> {
    const definition = this.#current(name);
    if (!definition) return this.#unserve(name);
    const { now } = { now: this.options.clock.now() };
    const group = definition.spec.group;
    const others: CustomResourceDefinition[] = [];
    for (const entry of this.#cache.index.all()) {
      const other = entry.object as Definition;
      if (other.spec.group === group && entry.name !== name) others.push(other);
    }
    const status = planNames(definition, others, now);
    const planned = { ...definition, status };
    if (isEstablished(planned)) await this.#serve(name, planned);
    if (status !== definition.status) {
      await this.options.client.update(customResourceDefinitionKind, planned, {
        subresource: 'status',
        fieldManager: 'kube-apiserver',
      });
      this.#freeNames(definition, others);
      return;
    }
    if (definition.metadata.deletionTimestamp) await this.#cleanUp(definition);
  }

  /** Names that this definition has let go of may be what another one waits for. */
  #freeNames({ metadata }: Definition, others: readonly CustomResourceDefinition[]): void {
    for (const other of others) {
      if (
        other.metadata?.name &&
        other.metadata.name !== metadata.name &&
        conditionOf(other, 'NamesAccepted')?.status !== 'True'
      ) {
        this.#due.add(other.metadata.name);
      }
    }
  }

  async #serve(name: string, definition: CustomResourceDefinition): Promise<void> {
    const { spec, status, metadata } = definition;
    const fingerprint = JSON.stringify([
      spec,
      status?.acceptedNames,
      metadata?.uid,
      metadata?.deletionTimestamp !== undefined,
    ]);
    if (this.#served.get(name)?.fingerprint === fingerprint) return;
    const { registry } = this.options;
    const { feed } = registry.services;
    const kinds = kindsOf(definition, this.options.hooks);
    const [first] = kinds;
    const stored = { ...storedTypeOf(definition), custom: first?.custom };
    const plural = stored.plural;
    if (first) {
      const old = feed.find(`${stored.group}/${plural}`)?.codec.type;
      const sameForm = old?.kind === stored.kind && apiVersionOf(old) === apiVersionOf(stored);
      if (!sameForm) await feed.add(stored);
    }
    registry.serve(kinds, (kind) => kind.group === spec.group && kind.plural === plural);
    this.#served.set(name, { fingerprint, group: spec.group, plural });
  }

  #unserve(name: string): void {
    const served = this.#served.get(name);
    if (!served) return;
    this.#served.delete(name);
    const { group, plural } = served;
    const { registry } = this.options;
    const gone = registry.kinds.find((kind) => kind.custom && kind.group === group && kind.plural === plural);
    registry.serve([], (kind) => kind.group === group && kind.plural === plural);
    if (gone) registry.services.feed.drop(gone);
    for (const entry of this.#cache.index.all()) {
      const other = entry.object as Definition;
      if (other.spec.group === group) this.#due.add(entry.name);
    }
  }

  /** The definition is on its way out: its objects go first, then what holds it. */
  async #cleanUp(definition: Definition): Promise<void> {
    const { name, finalizers = [] } = definition.metadata;
    if (!finalizers.includes(CUSTOM_RESOURCE_CLEANUP)) return;
    const { client, clock, registry } = this.options;
    const terminating = conditionOf(definition, 'Terminating');
    if (terminating?.reason === 'InstanceDeletionPending') {
      const conditions = withCondition(
        definition.status?.conditions ?? [],
        {
          type: 'Terminating',
          status: 'True',
          reason: 'InstanceDeletionInProgress',
          message: 'CustomResource deletion is in progress',
        },
        clock.now(),
      );
      await client.update(
        customResourceDefinitionKind,
        { ...definition, status: { ...definition.status, conditions } },
        { subresource: 'status', fieldManager: 'kube-apiserver' },
      );
      return;
    }
    const own = registry.kinds.filter(
      ({ custom, group, plural }) =>
        custom && group === definition.spec.group && plural === definition.spec.names.plural,
    );
    // Under the version that they are stored in, objects need no conversion to be deleted.
    const kind = own.find(({ version, storedAs }) => version === storedAs?.version) ?? own[0];
    if (kind && (await this.#deleteObjects(kind)) > 0) {
      this.#again(name, CLEANUP_MS);
      return;
    }
    const metadata = {
      ...definition.metadata,
      finalizers: finalizers.filter((finalizer) => finalizer !== CUSTOM_RESOURCE_CLEANUP),
    };
    await client.update(customResourceDefinitionKind, { ...definition, metadata });
  }

  /** Resolves with the number of objects that are still there. */
  async #deleteObjects(kind: KindDefinition): Promise<number> {
    const resource = this.options.registry.of(kind);
    await resource.services.feed.fresh();
    const queue = [...resource.cache.index.all()].values();
    const worker = async () => {
      for (const { namespace, name, object } of queue) {
        if (object.metadata.deletionTimestamp) continue;
        try {
          await this.options.client.delete(kind, { namespace, name });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    await resource.services.feed.fresh();
    return [...resource.cache.index.all()].length;
  }
}
