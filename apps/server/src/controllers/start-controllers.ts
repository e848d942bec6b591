import type { Client } from '@wheelhouse/shared/client/client';
import { createWorkQueue } from '@wheelhouse/shared/client/create-workqueue';
import { createEventRecorder, type EventRecorder } from '@wheelhouse/shared/client/event-recorder';
import { startLeaderElection } from '@wheelhouse/shared/client/leader-election';
import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import type { Component, Logger } from '../component';
import { builtInControllers } from './built-in';
import type { ControllerContext, ControllerDefinition, ControllerSettings } from './machinery/controller';
import { recordingClient } from './machinery/recording-client';
import { runReconciler } from './machinery/run-reconciler';
import { SharedInformers } from './machinery/shared-informers';
import { selectControllers } from './select-controllers';

export interface StartControllersOptions {
  /** Acts as `system:kube-controller-manager`. */
  readonly client: Client;
  readonly log: Logger;
  readonly clock?: Clock;
  /** `['*', '-name']`: see {@link selectControllers}. Default: all that are on by default. */
  readonly enabled?: readonly string[];
  /** Controllers from outside, see {@link import('./load-controllers').loadControllers}. */
  readonly extra?: readonly ControllerDefinition[];
  readonly settings?: ControllerSettings;
  /**
   * For several servers on one store: of all that share the Lease `kube-system/kube-controller-manager` one works at
   * a time. `identity` must differ between processes, also over restarts.
   */
  readonly leaderElection?: { readonly identity: string };
}

const LEASE = { namespace: 'kube-system', name: 'kube-controller-manager' };

/**
 * Resolves once every selected controller has read what there is and works; with leader election at once, since
 * another process may lead. Throws before anything runs when a name is not known.
 */
export async function startControllers(options: StartControllersOptions): Promise<Component> {
  const { client, log, clock = systemClock, enabled = ['*'], extra = [], leaderElection } = options;
  const selected = selectControllers([...builtInControllers, ...extra], enabled);
  if (!leaderElection) return runControllers(selected, options);
  return startLeaderElection(client, {
    lease: LEASE,
    identity: leaderElection.identity,
    clock,
    lead: () => runControllers(selected, options),
    onError: (error) => log.warn({ err: error }, 'leader election of the controllers'),
  });
}

async function runControllers(
  selected: readonly ControllerDefinition[],
  options: StartControllersOptions,
): Promise<Component> {
  const { log, clock = systemClock, settings = {} } = options;
  const informers = new SharedInformers(options.client, clock, log);
  const client = recordingClient(options.client, informers);
  const recorders = new Map<string, EventRecorder>();

  const contextFor = (definition: ControllerDefinition): ControllerContext => ({
    client,
    log: log.child({ controller: definition.name }),
    clock,
    settings,
    informer: (type) => informers.of(type).informer,
    cache: (type) => informers.of(type).cache,
    forget: (type) => informers.forget(type),
    queue: () => createWorkQueue({ clock }),
    recorder(component) {
      const known = recorders.get(component);
      if (known) return known;
      const onError = (error: unknown) => log.warn({ err: error, component }, 'an event was not recorded');
      const recorder = createEventRecorder(options.client, { component, clock, onError });
      recorders.set(component, recorder);
      return recorder;
    },
  });

  const reconcilers = selected.flatMap((definition) => {
    const context = contextFor(definition);
    const made = definition.setup(context);
    return [made].flat().map((reconciler) => ({ reconciler, log: context.log }));
  });
  informers.start();
  try {
    await informers.synced();
  } catch (error) {
    informers.stop();
    throw error;
  }
  const running = reconcilers.map(({ reconciler, log }) => runReconciler(reconciler, log));
  log.info({ controllers: selected.map(({ name }) => name) }, 'controllers are running');
  return {
    async stop() {
      await Promise.all(running.map((component) => component.stop()));
      informers.stop();
      for (const recorder of recorders.values()) recorder.stop();
    },
  };
}
