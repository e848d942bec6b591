import type { PluginHandle } from '../framework/handle';
import { idleHandle } from '../framework/idle-handle';
import type { Profile, ProfilePlugin } from '../framework/plugin';
import { defaultPluginList } from './registry';

export const DEFAULT_SCHEDULER_NAME = 'default-scheduler';

/** What decides unless configured otherwise. */
export function defaultPlugins(
  handle: PluginHandle,
  args: ReadonlyMap<string, unknown> = new Map(),
): ProfilePlugin[] {
  return defaultPluginList.map(({ name, create, weight }) => ({
    plugin: create(args.get(name), handle),
    ...(weight === undefined ? {} : { weight }),
  }));
}

export function defaultProfile(
  handle: PluginHandle = idleHandle(),
  schedulerName: string = DEFAULT_SCHEDULER_NAME,
): Profile {
  return { schedulerName, plugins: defaultPlugins(handle) };
}
