import type { Informer } from '@wheelhouse/shared/client/informer';
import { systemClock } from '@wheelhouse/shared/clock';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import pino from 'pino';
import type { PluginHandle } from './handle';
import { WaitingPods } from './waiting-pods';

/** A handle without a cluster behind it, for decisions that are only tried out: it knows of nothing else. */
export function idleHandle(overrides: Partial<PluginHandle> = {}): PluginHandle {
  const clock = overrides.clock ?? systemClock;
  return {
    client: undefined,
    clock,
    log: pino({ level: 'silent' }),
    informer: emptyInformer,
    notify: () => {},
    waitingPods: new WaitingPods(clock),
    servicesIn: () => [],
    namespacesMatching: () => [],
    budgetsIn: () => [],
    ...overrides,
  };
}

function emptyInformer<T extends KubeObject>(type: ResourceType<T>): Informer<T> {
  return {
    type,
    hasSynced: true,
    revision: undefined,
    synced: () => Promise.resolve(),
    get: () => undefined,
    list: () => [],
    byIndex: () => [],
    subscribe: () => () => {},
    start: () => {},
    stop: () => {},
  };
}
