import type { Client } from '@wheelhouse/shared/client/client';
import { startLeaderElection } from '@wheelhouse/shared/client/leader-election';
import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { Component, Logger } from '../component';
import { type LoadedConfig, loadSchedulerConfig } from './config/load-config';
import type { DecideOptions, Verdict } from './core/decide';
import { type RefusedStep, SchedulerCore } from './core/scheduler-core';
import { verdictText } from './core/verdict-text';
import { Evictor } from './evict-victims';
import type { PluginHandle } from './framework/handle';
import type { ClusterEvent, Profile, ProfilePlugin, QueueSortPlugin } from './framework/plugin';
import { HintWriter } from './hint-writer';
import { createPluginHandle, Informers } from './plugin-handle';
import { defaultBinder } from './plugins/default-binder';
import { PodEvents } from './pod-events';
import { StatusReporter } from './report-status';
import { SchedulerLoop } from './scheduler-loop';
import { type PodInfo, podInfo, podOwner } from './snapshot/pod-info';

export interface SchedulerOptions {
  readonly client: Client;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Profiles, plugin arguments, modules and extenders; what holds by default when absent. */
  readonly config?: LoadedConfig;
  /** Added to the plugins of the first profile, or in the place of one of the same name. */
  readonly plugins?: readonly ProfilePlugin[];
  /** More names with plugins of their own. Each gets the default binder if it has none. */
  readonly profiles?: readonly Profile[];
  readonly queueSort?: QueueSortPlugin;
  /** Tie-breaking and sampling; previews use the same. */
  readonly decide?: DecideOptions;
  readonly maxBinding?: number;
  /**
   * For several schedulers on one cluster: of all that share the Lease `kube-system/kube-scheduler`, Kubernetes' own
   * among them, one decides at a time. `identity` must differ between processes, also over restarts.
   */
  readonly leaderElection?: { readonly identity: string };
}

const LEASE = { namespace: 'kube-system', name: 'kube-scheduler' };

/** A running scheduler. */
export interface Scheduler extends Component {
  /** The pure part, for previews and explanations over the present moment. */
  readonly core: SchedulerCore;
  /** What its plugins use. */
  readonly handle: PluginHandle;
  /** False while another scheduler decides; previews and explanations are answered all the same. */
  readonly isLeader: boolean;
  /** The pods that the controller with this UID manages, as last seen. */
  podsOwnedBy(uid: string): readonly Stored<Pod>[];
  /** The pods on a node, as last seen. */
  podsOn(node: string): readonly Stored<Pod>[];
}

/**
 * Starts scheduling: watches pods, nodes and what plugins ask for, decides one pod after the other, binds many at a
 * time, makes room for more important pods, and writes events. Resolves once the present state is known and
 * scheduling has begun; with leader election, another process may be the one that does it.
 */
export async function startScheduler(options: SchedulerOptions): Promise<Scheduler> {
  const { client, log, clock = systemClock } = options;
  const config = options.config ?? (await loadSchedulerConfig(undefined));
  const informers = new Informers({ client, clock, log });
  // Plugins are made before the core that they tell of events.
  let told: (event: ClusterEvent) => void = () => {};
  const handle = createPluginHandle(informers, { client, clock, log }, (event) => told(event));
  const core = new SchedulerCore({
    clock,
    profiles: allProfiles(options, config, handle),
    queueSort: options.queueSort ?? config.queueSort,
    extenders: config.extenders,
    baseBackOffMs: config.config.baseBackOffMs,
    maxBackOffMs: config.config.maxBackOffMs,
    ...(options.decide ? { decide: options.decide } : {}),
  });
  const nodes = informers.of(nodeKind);
  // Not among the others: its handlers come last, once all else is known.
  const podInformers = new Informers({ client, clock, log });
  const pods = podInformers.of(podKind, {
    indexes: { owner: (pod) => [podOwner(pod) ?? ''], node: (pod) => [pod.spec?.nodeName ?? ''] },
  });
  const events = new PodEvents(client, { clock, log });
  const status = new StatusReporter(client, clock, log);
  const { waitingPods } = handle;
  const hints = new HintWriter({ core, clock, events });
  const evictor = new Evictor({
    client,
    clock,
    log,
    events,
    waitingPods,
    onFailure(victim, node) {
      core.evictionFailed(victim, node);
      wake();
    },
  });
  const report = (info: PodInfo, verdict: Verdict, nominated?: string) => {
    const text = verdictText(verdict);
    events.record(info, 'Warning', 'FailedScheduling', text);
    status.report(info, {
      reason: 'Unschedulable',
      message: text,
      ...(nominated === undefined ? {} : { nominated }),
    });
  };
  const refused = (step: RefusedStep) => {
    report(step.info, step.verdict, step.nominated);
    if (step.evict) evictor.evict(step);
    else hints.write(step.info);
    for (const other of step.dismissed ?? []) status.dismiss(other);
  };
  /** Set while this scheduler decides; without it, it only keeps its picture of the cluster up to date. */
  let loop: SchedulerLoop | undefined;
  const wake = () => loop?.wake();
  const lead = async (): Promise<Component> => {
    const term = new SchedulerLoop({
      core,
      clock,
      waitingPods,
      ...(options.maxBinding ? { maxBinding: options.maxBinding } : {}),
      observer: {
        bound({ info, node }) {
          status.drop(info.key);
          events.record(info, 'Normal', 'Scheduled', `Successfully assigned ${info.key} to ${node}`);
        },
        bindFailed({ info, node }, error) {
          log.info({ err: error, pod: info.key, node }, 'could not bind; will try again');
        },
        refused,
        failed: (error) => log.error({ err: error }, 'a scheduling plugin failed'),
      },
    });
    loop = term;
    for (const pod of pods.byIndex('node', '')) reportHeldBack(core, status, pod);
    term.wake();
    return {
      stop: () => {
        loop = undefined;
        return term.stop();
      },
    };
  };
  told = (event) => {
    core.notify(event);
    wake();
  };

  const podSeen = (pod: Pod) => {
    const verdict = core.podSeen(pod);
    if (!loop) return;
    if (verdict) report(podInfo(pod), verdict);
    else if (!pod.spec?.nodeName) reportHeldBack(core, status, pod);
    wake();
  };
  nodes.subscribe({
    added: (node) => {
      core.nodeSeen(node);
      wake();
    },
    updated: (node) => {
      core.nodeSeen(node);
      wake();
    },
    deleted: (node) => core.nodeGone(node.metadata.name),
  });
  let deciding: Component | undefined;
  const stop = async () => {
    informers.stop();
    podInformers.stop();
    await deciding?.stop();
    await evictor.flush();
    await status.flush();
    await events.stop();
  };
  try {
    // Everything else first: a pod's first look at the cluster should find it there.
    await informers.start();
    pods.subscribe({
      added: podSeen,
      updated: podSeen,
      deleted: (pod) => {
        status.drop(podInfo(pod).key);
        core.podGone(pod);
        wake();
      },
    });
    await podInformers.start();
    deciding = options.leaderElection
      ? startLeaderElection(client, {
          lease: LEASE,
          identity: options.leaderElection.identity,
          clock,
          lead,
          onError: (error) => log.warn({ err: error }, 'leader election of the schedulers'),
        })
      : await lead();
  } catch (error) {
    await stop();
    throw error;
  }
  log.info({ nodes: nodes.list().length, waiting: core.queue.size }, 'scheduler started');
  return {
    core,
    handle,
    get isLeader() {
      return loop !== undefined;
    },
    podsOwnedBy: (uid) => pods.byIndex('owner', uid),
    podsOn: (node) => pods.byIndex('node', node),
    stop,
  };
}

function allProfiles(options: SchedulerOptions, config: LoadedConfig, handle: PluginHandle): Profile[] {
  const [first, ...rest] = config.profiles(handle);
  if (!first) throw new Error('a scheduler needs a profile');
  const binder: ProfilePlugin = { plugin: defaultBinder(options.client) };
  return [
    { ...first, plugins: replaceByName(first.plugins, options.plugins ?? []) },
    ...rest,
    ...(options.profiles ?? []).map((profile) => ({
      ...profile,
      plugins: profile.plugins.some(({ plugin }) => plugin.bind)
        ? profile.plugins
        : [...profile.plugins, binder],
    })),
  ];
}

/** Says on the pod itself why it is not even tried. */
function reportHeldBack(core: SchedulerCore, status: StatusReporter, pod: Pod): void {
  const info = podInfo(pod);
  const message = core.frameworkFor(pod)?.heldBack(info);
  if (message !== undefined) status.report(info, { reason: 'SchedulingGated', message });
}

function replaceByName(base: readonly ProfilePlugin[], extra: readonly ProfilePlugin[]): ProfilePlugin[] {
  const names = new Set(extra.map(({ plugin }) => plugin.name));
  return [...base.filter(({ plugin }) => !names.has(plugin.name)), ...extra];
}
