import type { KindDefinition } from '@wheelhouse/shared/meta/kind';
import type { SubresourceHandler, VirtualResource } from './extension';
import type { ResourcePath } from './request-info';

/** What decides which paths a stored kind has. */
export interface Routed {
  readonly kind: Pick<KindDefinition, 'group' | 'plural' | 'namespaced' | 'status' | 'scale'>;
  hasPart(subresource: string): boolean;
}

/** Subresources that the registry carries out as actions. */
const ACTIONS: ReadonlySet<string> = new Set(['namespaces/finalize', 'pods/binding', 'pods/eviction']);

/** Whether a stored kind has the path, whatever the method: what has none is not found, not forbidden. */
export function hasRoute(
  resource: Routed,
  path: ResourcePath,
  handler: SubresourceHandler | undefined,
): boolean {
  const { kind } = resource;
  if (!isInScope(kind.namespaced, path)) return false;
  const { subresource } = path;
  if (subresource === undefined) return true;
  if (path.rest !== '' && subresource !== 'proxy') return false;
  if (path.watch) return false;
  if (subresource === 'status' && kind.status) return true;
  if (subresource === 'scale' && kind.scale) return true;
  if (kind.group === '' && ACTIONS.has(`${kind.plural}/${subresource}`)) return true;
  return handler !== undefined || resource.hasPart(subresource);
}

/** The same for what is computed: what can only be created has no names. */
export function hasVirtualRoute(resource: VirtualResource, path: ResourcePath): boolean {
  if (path.watch || path.rest !== '') return false;
  const { namespaced, subresource, get, list, everywhere } = resource;
  if (path.name !== undefined)
    return (subresource !== undefined || get !== undefined) && isInScope(namespaced, path);
  if (namespaced && path.namespace === undefined) return list !== undefined || everywhere === true;
  return isInScope(namespaced, path);
}

/** Kinds of namespaces can be listed across all of them; nothing else is found without one. */
function isInScope(namespaced: boolean, { namespace, name }: ResourcePath): boolean {
  return namespaced ? namespace !== undefined || name === undefined : namespace === undefined;
}
