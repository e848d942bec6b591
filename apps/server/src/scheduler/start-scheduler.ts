import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { Component, Logger } from '../component';
import type { DecideOptions, Verdict } from './core/decide';
import { SchedulerCore } from './core/scheduler-core';
import { verdictText } from './core/verdict-text';
import type { ProfilePlugin, QueueSortPlugin } from './framework/plugin';
import { defaultBinder } from './plugins/default-binder';
import { DEFAULT_SCHEDULER_NAME, defaultPlugins } from './plugins/default-profile';
import { GATED_MESSAGE, isGated } from './plugins/scheduling-gates';
import { PodEvents } from './pod-events';
import { StatusReporter } from './report-status';
import { SchedulerLoop } from './scheduler-loop';
import { type PodInfo, podInfo, podOwner } from './snapshot/pod-info';

export interface SchedulerOptions {
  readonly client: Client;
  readonly log: Logger;
  readonly clock?: Clock;
  /** The name that pods ask for; default `default-scheduler`. */
  readonly schedulerName?: string;
  /** Added to the default plugins, or in the place of one of the same name. */
  readonly plugins?: readonly ProfilePlugin[];
  /** More names with plugins of their own, beside the default one. Each gets the default binder if it has none. */
  readonly profiles?: readonly {
    readonly schedulerName: string;
    readonly plugins: readonly ProfilePlugin[];
  }[];
  readonly queueSort?: QueueSortPlugin;
  /** Tie-breaking and sampling; previews use the same. */
  readonly decide?: DecideOptions;
  readonly maxBinding?: number;
}

/** A running scheduler. */
export interface Scheduler extends Component {
  /** The pure part, for previews and explanations over the present moment. */
  readonly core: SchedulerCore;
  /** The pods that the controller with this UID manages, as last seen. */
  podsOwnedBy(uid: string): readonly Stored<Pod>[];
}

/**
 * Starts scheduling: watches pods, nodes, services and namespaces, decides one pod after the other, binds many at a time and
 * writes Scheduled and FailedScheduling events. Resolves once the present state is known and scheduling has begun.
 */
export async function startScheduler(options: SchedulerOptions): Promise<Scheduler> {
  const { client, log, clock = systemClock, schedulerName = DEFAULT_SCHEDULER_NAME } = options;
  const onError = (what: string) => (error: unknown) => log.warn({ err: error }, `scheduler: ${what} failed`);
  const pods = createInformer(client, podKind, {
    onError: onError('watching pods'),
    clock,
    indexes: { owner: (pod) => [podOwner(pod) ?? ''] },
  });
  const nodes = createInformer(client, nodeKind, { onError: onError('watching nodes'), clock });
  const services = createInformer(client, serviceKind, {
    onError: onError('watching services'),
    clock,
    indexes: { namespace: (service) => [service.metadata.namespace ?? ''] },
  });
  const namespaces = createInformer(client, namespaceKind, {
    onError: onError('watching namespaces'),
    clock,
  });
  const informers = [pods, nodes, services, namespaces];
  const events = new PodEvents(client, { component: schedulerName, clock, log });
  const status = new StatusReporter(client, clock, log);

  const binder: ProfilePlugin = { plugin: defaultBinder(client) };
  const withBinder = (plugins: readonly ProfilePlugin[]) =>
    plugins.some(({ plugin }) => plugin.bind) ? plugins : [...plugins, binder];
  const own = replaceByName(
    defaultPlugins({
      servicesIn: (namespace) => services.byIndex('namespace', namespace),
      namespacesMatching: (selector) =>
        namespaces
          .list()
          .flatMap(({ metadata }) => (selector.matches(metadata.labels) ? [metadata.name] : [])),
    }),
    options.plugins ?? [],
  );
  const core = new SchedulerCore({
    clock,
    profiles: [{ schedulerName, plugins: own }, ...(options.profiles ?? [])].map((profile) => ({
      schedulerName: profile.schedulerName,
      plugins: withBinder(profile.plugins),
    })),
    ...(options.queueSort ? { queueSort: options.queueSort } : {}),
    ...(options.decide ? { decide: options.decide } : {}),
  });

  const refuse = (info: PodInfo, verdict: Verdict) => reportRefusal(events, status, info, verdict);
  const loop = new SchedulerLoop({
    core,
    clock,
    ...(options.maxBinding ? { maxBinding: options.maxBinding } : {}),
    observer: {
      bound({ info, node }) {
        status.drop(info.key);
        events.record(info, 'Normal', 'Scheduled', `Successfully assigned ${info.key} to ${node}`);
      },
      bindFailed({ info, node }, error) {
        log.info({ err: error, pod: info.key, node }, 'could not bind; will try again');
      },
      refused: ({ info, verdict }) => refuse(info, verdict),
      failed: (error) => log.error({ err: error }, 'a scheduling plugin failed'),
    },
  });

  const podSeen = (pod: Pod) => {
    const verdict = core.podSeen(pod);
    if (verdict) refuse(podInfo(pod), verdict);
    else if (!pod.spec?.nodeName && isGated(pod) && core.frameworkFor(pod)) {
      status.report(podInfo(pod), 'SchedulingGated', GATED_MESSAGE);
    }
    loop.wake();
  };
  // Nodes first: a pod's first look at the cluster should find them there.
  services.start();
  namespaces.start();
  nodes.subscribe({
    added: (node) => {
      core.nodeSeen(node);
      loop.wake();
    },
    updated: (node) => {
      core.nodeSeen(node);
      loop.wake();
    },
    deleted: (node) => core.nodeGone(node.metadata.name),
  });
  nodes.start();
  const stop = async () => {
    for (const informer of informers) informer.stop();
    await loop.stop();
    await status.flush();
    await events.stop();
  };
  try {
    await Promise.all([nodes.synced(), services.synced(), namespaces.synced()]);
    pods.subscribe({
      added: podSeen,
      updated: podSeen,
      deleted: (pod) => {
        status.drop(podInfo(pod).key);
        core.podGone(pod);
        loop.wake();
      },
    });
    pods.start();
    await pods.synced();
  } catch (error) {
    await stop();
    throw error;
  }
  log.info({ nodes: nodes.list().length, waiting: core.queue.size }, 'scheduler started');
  return { core, podsOwnedBy: (uid) => pods.byIndex('owner', uid), stop };
}

function reportRefusal(events: PodEvents, status: StatusReporter, info: PodInfo, verdict: Verdict): void {
  const text = verdictText(verdict);
  events.record(info, 'Warning', 'FailedScheduling', text);
  status.report(info, 'Unschedulable', text);
}

function replaceByName(base: readonly ProfilePlugin[], extra: readonly ProfilePlugin[]): ProfilePlugin[] {
  const names = new Set(extra.map(({ plugin }) => plugin.name));
  return [...base.filter(({ plugin }) => !names.has(plugin.name)), ...extra];
}
