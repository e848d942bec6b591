import type { PluginHandle } from '../framework/handle';
import {
  EXTENSION_POINTS,
  type ExtensionPoint,
  type Profile,
  type ProfilePlugin,
  type QueueSortPlugin,
} from '../framework/plugin';
import { prioritySort } from '../plugins/priority-sort';
import { type DefaultPlugin, defaultPluginList } from '../plugins/registry';
import { ConfigError } from './field-reader';
import type { PluginSet, ProfileConfig } from './scheduler-config';

export interface PluginSources {
  readonly handle: PluginHandle;
  /** Plugins from outside; they decide only where a profile enables them. */
  readonly extra: readonly DefaultPlugin[];
}

/**
 * Makes the plugins of a profile: the default ones, without what `disabled` names and with what `enabled` adds,
 * for all extension points (`multiPoint`) or for single ones. Throws ConfigError for names that nobody knows.
 */
export function buildProfile(config: ProfileConfig, { handle, extra }: PluginSources): Profile {
  const { schedulerName, percentageOfNodesToScore, multiPoint, args } = config;
  const known = new Map([...defaultPluginList, ...extra].map((plugin) => [plugin.name, plugin]));
  const find = (name: string): DefaultPlugin => {
    const found = known.get(name);
    if (!found) throw new ConfigError(`profile ${schedulerName}: there is no plugin ${name}`);
    return found;
  };
  for (const name of args.keys()) find(name);
  const everywhere = new Set(
    withoutDisabled(
      defaultPluginList.map(({ name }) => name),
      multiPoint,
    ),
  );
  for (const { name } of multiPoint.enabled) everywhere.add(find(name).name);

  const points = EXTENSION_POINTS.filter((point) => point !== 'queueSort');
  const active = new Map<ExtensionPoint, ReadonlySet<string>>(
    points.map((point) => {
      const set = config.points.get(point) ?? { enabled: [], disabled: [] };
      const names = new Set(withoutDisabled([...everywhere], set));
      for (const { name } of set.enabled) names.add(find(name).name);
      return [point, names];
    }),
  );
  const wanted = new Set([...everywhere, ...[...active.values()].flatMap((names) => [...names])]);
  const plugins = [...known.values()].flatMap(({ name, create, weight }): ProfilePlugin[] => {
    if (!wanted.has(name)) return [];
    const except = new Set(points.filter((point) => !active.get(point)?.has(name)));
    const chosen = weightIn(config.points.get('score'), name) ?? weightIn(multiPoint, name) ?? weight;
    return [
      {
        plugin: create(args.get(name), handle),
        ...(chosen === undefined ? {} : { weight: chosen }),
        ...(except.size > 0 ? { except } : {}),
      },
    ];
  });
  if (!plugins.some(({ plugin, except }) => plugin.bind && !except?.has('bind'))) {
    if (handle.client) throw new ConfigError(`profile ${schedulerName}: no plugin binds`);
  }
  return { schedulerName, percentageOfNodesToScore, plugins };
}

/** The order of the queue, which all profiles share. Throws ConfigError when they disagree. */
export function queueSortOf(
  profiles: readonly ProfileConfig[],
  extra: readonly QueueSortPlugin[],
): QueueSortPlugin {
  const known = new Map([prioritySort, ...extra].map((plugin) => [plugin.name, plugin]));
  const names = new Set(
    profiles.map(({ points }) => {
      const [first, second] = points.get('queueSort')?.enabled ?? [];
      if (second) throw new ConfigError('only one plugin can sort the queue');
      return first?.name ?? prioritySort.name;
    }),
  );
  const [name = prioritySort.name] = names;
  if (names.size > 1) throw new ConfigError('all profiles must sort the queue alike: they share it');
  const plugin = known.get(name);
  if (!plugin) throw new ConfigError(`there is no plugin ${name} that sorts the queue`);
  return plugin;
}

function withoutDisabled(names: readonly string[], { disabled }: PluginSet): string[] {
  if (disabled.includes('*')) return [];
  return names.filter((name) => !disabled.includes(name));
}

function weightIn(set: PluginSet | undefined, name: string): number | undefined {
  return set?.enabled.find((one) => one.name === name)?.weight;
}
