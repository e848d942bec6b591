import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PluginFactory } from '../framework/handle';
import type { Plugin, QueueSortPlugin } from '../framework/plugin';
import type { DefaultPlugin } from '../plugins/registry';
import { ConfigError } from './field-reader';

export interface LoadedPlugins {
  readonly plugins: readonly DefaultPlugin[];
  readonly queueSorts: readonly QueueSortPlugin[];
}

/**
 * Plugins from a user's own ES modules. Each export is a plugin (an object with a `name` and extension points), or
 * makes one from its arguments (an object with a `name` and `create(args, handle)`), or sorts the queue (`compare`).
 * Throws ConfigError with the path when a module cannot be loaded or exports none.
 */
export async function loadPlugins(paths: readonly string[], directory: string): Promise<LoadedPlugins> {
  const exported = (await Promise.all(paths.map((path) => loadModule(resolve(directory, path))))).flat();
  return {
    plugins: exported.filter((one) => !isQueueSort(one)).map(asFactory),
    queueSorts: exported.filter(isQueueSort),
  };
}

type Exported = (Plugin | { readonly name: string; readonly create: PluginFactory }) | QueueSortPlugin;

async function loadModule(path: string): Promise<Exported[]> {
  let exported: Record<string, unknown>;
  try {
    exported = await import(pathToFileURL(path).href);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`plugins cannot be loaded from ${path}: ${why}`);
  }
  // The same object may be exported under two names, e.g. by its own and as default.
  const found = [...new Set(Object.values(exported))].filter(isExported);
  if (found.length === 0)
    throw new ConfigError(`${path} exports no plugin: an object with a \`name\` is expected`);
  return found;
}

function isExported(value: unknown): value is Exported {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string';
}

function isQueueSort(value: Exported): value is QueueSortPlugin {
  return 'compare' in value && typeof value.compare === 'function';
}

function asFactory(value: Exported): DefaultPlugin {
  if ('create' in value && typeof value.create === 'function') return value;
  // Neither a factory nor a queue sort: a plugin.
  return { name: value.name, create: () => value as Plugin };
}
