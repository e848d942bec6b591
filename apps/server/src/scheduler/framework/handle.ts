import type { Client } from '@wheelhouse/shared/client/client';
import type { Informer, InformerOptions } from '@wheelhouse/shared/client/informer';
import type { Clock } from '@wheelhouse/shared/clock';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { Selector } from '@wheelhouse/shared/meta/labels';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { Service } from 'kubernetes-types/core/v1';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1';
import type { Logger } from '../../component';
import type { ClusterEvent } from './plugin';
import type { WaitingPods } from './waiting-pods';

/**
 * What plugins may use of the scheduler that runs them. Given to a plugin's factory once, before anything is decided.
 * Reads answer as of now; in a test without a cluster they answer nothing.
 */
export interface PluginHandle {
  /** Acts in the scheduler's name. Undefined where decisions are only tried out. */
  readonly client: Client | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Objects of a kind that the plugin wants to know of, shared by all who ask for the kind. Call it in the factory:
   * the first decision waits until everything asked for by then is synced. Indexes of later callers are ignored.
   */
  informer<T extends KubeObject>(type: ResourceType<T>, options?: InformerOptions<T>): Informer<T>;
  /** Something happened after which pods that the plugin refused may fit; see `retryOn` of filters. */
  notify(event: ClusterEvent): void;
  /** Placed pods that a permit plugin holds back. */
  readonly waitingPods: WaitingPods;
  servicesIn(namespace: string): readonly Service[];
  /** Names of the namespaces that a selector selects. */
  namespacesMatching(selector: Selector): readonly string[];
  budgetsIn(namespace: string): readonly PodDisruptionBudget[];
}

/** Makes a plugin for one profile. `args` come from the configuration, unchecked; throw for what is wrong in them. */
export type PluginFactory = (args: unknown, handle: PluginHandle) => import('./plugin').Plugin;
