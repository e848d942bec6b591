import type { ResourceType } from '../meta/kind';
import type { ObjectRef } from './client';

/**
 * The URL path of a collection (`name` unset) or an object: `/api/v1/namespaces/default/pods/web/status`.
 * A namespaced resource without `namespace` gives the collection over all namespaces.
 */
export function resourcePath(
  type: ResourceType,
  target: Partial<ObjectRef> & { subresource?: string } = {},
): string {
  const { namespace, name, subresource } = target;
  const parts = type.group ? ['apis', type.group, type.version] : ['api', type.version];
  if (type.namespaced && namespace) parts.push('namespaces', namespace);
  parts.push(type.plural);
  if (name !== undefined) parts.push(name);
  if (subresource) parts.push(subresource);
  return `/${parts.map(encodeURIComponent).join('/')}`;
}
