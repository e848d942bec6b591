import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import type { Informer, InformerOptions } from '@wheelhouse/shared/client/informer';
import type { Clock } from '@wheelhouse/shared/clock';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { podDisruptionBudgetKind } from '@wheelhouse/shared/kinds/policy/pod-disruption-budget';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { Logger } from '../component';
import type { PluginHandle } from './framework/handle';
import type { ClusterEvent } from './framework/plugin';
import { WaitingPods } from './framework/waiting-pods';

export interface InformersOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The informers of one scheduler: one a kind, whoever asks for it. */
export class Informers {
  // Each value is an Informer of the kind that its key names.
  #byKind = new Map<string, unknown>();
  #all: { start(): void; stop(): void; synced(): Promise<void> }[] = [];

  constructor(private readonly options: InformersOptions) {}

  of<T extends KubeObject>(type: ResourceType<T>, options: InformerOptions<T> = {}): Informer<T> {
    const key = `${type.group}/${type.plural}`;
    // Put there under this very key, below.
    const known = this.#byKind.get(key) as Informer<T> | undefined;
    if (known) return known;
    const { client, clock, log } = this.options;
    const onError = (error: unknown) => log.warn({ err: error }, `scheduler: watching ${type.plural} failed`);
    const informer = createInformer(client, type, { ...options, clock, onError });
    this.#byKind.set(key, informer);
    this.#all.push(informer);
    return informer;
  }

  /** Starts whatever is not started yet; resolves when all know the present. */
  async start(): Promise<void> {
    for (const informer of this.#all) informer.start();
    await Promise.all(this.#all.map((informer) => informer.synced()));
  }

  stop(): void {
    for (const informer of this.#all) informer.stop();
  }
}

/** What plugins get of a running scheduler. `notify` is told later, once there is somebody to tell. */
export function createPluginHandle(
  informers: Informers,
  { client, clock, log }: InformersOptions,
  notify: (event: ClusterEvent) => void,
): PluginHandle {
  const byNamespace = { namespace: (object: Stored<KubeObject>) => [object.metadata.namespace ?? ''] };
  const services = informers.of(serviceKind, { indexes: byNamespace });
  const namespaces = informers.of(namespaceKind);
  const budgets = informers.of(podDisruptionBudgetKind, { indexes: byNamespace });
  return {
    client,
    clock,
    log,
    informer: (type, options) => informers.of(type, options),
    notify,
    waitingPods: new WaitingPods(clock),
    servicesIn: (namespace) => services.byIndex('namespace', namespace),
    namespacesMatching: (selector) =>
      namespaces.list().flatMap(({ metadata }) => (selector.matches(metadata.labels) ? [metadata.name] : [])),
    budgetsIn: (namespace) => budgets.byIndex('namespace', namespace),
  };
}
