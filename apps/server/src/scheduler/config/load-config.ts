import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { httpExtender } from '../extenders/http-extender';
import type { Extender } from '../framework/extender';
import type { PluginHandle } from '../framework/handle';
import type { Profile, QueueSortPlugin } from '../framework/plugin';
import { buildProfile, queueSortOf } from './build-profile';
import { ConfigError } from './field-reader';
import { type LoadedPlugins, loadPlugins } from './load-plugins';
import { defaultConfig, parseSchedulerConfig, type SchedulerConfig } from './scheduler-config';

/** A configuration with all that it names: modules are loaded, extenders are made. */
export interface LoadedConfig {
  readonly config: SchedulerConfig;
  readonly loaded: LoadedPlugins;
  readonly extenders: readonly Extender[];
  readonly queueSort: QueueSortPlugin;
  /** Makes the plugins of every profile. Throws ConfigError for wrong names and arguments. */
  profiles(handle: PluginHandle): Profile[];
}

/** Reads the file; without one, what holds by default. Throws ConfigError whose message names file and field. */
export async function loadSchedulerConfig(path: string | undefined): Promise<LoadedConfig> {
  if (path === undefined) return prepare(defaultConfig, { plugins: [], queueSorts: [] });
  const file = resolve(path);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  try {
    const config = parseSchedulerConfig(text);
    return prepare(config, await loadPlugins(config.pluginModules, dirname(file)));
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${path}: ${error.message}`);
    throw error;
  }
}

function prepare(config: SchedulerConfig, loaded: LoadedPlugins): LoadedConfig {
  const ignored = config.extenders.flatMap(({ managedResources }) =>
    managedResources.flatMap(({ name, ignoredByScheduler }) => (ignoredByScheduler ? [name] : [])),
  );
  return {
    config,
    loaded,
    extenders: config.extenders.map(httpExtender),
    queueSort: queueSortOf(config.profiles, loaded.queueSorts),
    profiles: (handle) =>
      config.profiles.map((profile) =>
        buildProfile(withIgnored(profile, ignored), { handle, extra: loaded.plugins }),
      ),
  };
}

/** Resources that only an extender looks at are none of the fit filter's business. */
function withIgnored(
  profile: SchedulerConfig['profiles'][number],
  ignored: readonly string[],
): SchedulerConfig['profiles'][number] {
  if (ignored.length === 0) return profile;
  const before = profile.args.get('NodeResourcesFit');
  // Whoever reads the arguments checks them; what is no object is refused there.
  const known = typeof before === 'object' && before !== null ? before : {};
  const own =
    'ignoredResources' in known && Array.isArray(known.ignoredResources) ? known.ignoredResources : [];
  const args = new Map(profile.args).set('NodeResourcesFit', {
    ...known,
    ignoredResources: [...own, ...ignored],
  });
  return { ...profile, args };
}
