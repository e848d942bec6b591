import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ControllerDefinition } from './machinery/controller';

/**
 * Controllers from outside: each path is an ES module that exports one or more ControllerDefinitions, under any
 * names. Throws with the path when a module cannot be loaded or exports none.
 */
export async function loadControllers(paths: readonly string[]): Promise<ControllerDefinition[]> {
  const found = await Promise.all(paths.map(loadModule));
  return found.flat();
}

async function loadModule(path: string): Promise<ControllerDefinition[]> {
  let exported: Record<string, unknown>;
  try {
    exported = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`controllers cannot be loaded from ${path}: ${why}`, { cause: error });
  }
  // The same object may be exported under two names, e.g. by its own and as default.
  const definitions = [...new Set(Object.values(exported))].filter(isDefinition);
  if (definitions.length === 0) {
    throw new Error(
      `${path} exports no controller: an object with a \`name\` and a \`setup\` function is expected`,
    );
  }
  return definitions;
}

function isDefinition(value: unknown): value is ControllerDefinition {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'name' in value && typeof value.name === 'string' && 'setup' in value && typeof value.setup === 'function'
  );
}
