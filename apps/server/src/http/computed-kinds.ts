import type { KindDefinition } from '@wheelhouse/shared/meta/kind';
import { hasTypeSchema } from '@wheelhouse/shared/meta/schema';
import type { VirtualGroup, VirtualResource } from './extension';

type Described = Pick<VirtualResource, 'plural' | 'singular' | 'kind' | 'namespaced'>;

/** Puts a pod on a node; the older way beside `pods/binding`. */
export const BINDING: Described = {
  plural: 'bindings',
  singular: 'binding',
  kind: 'Binding',
  namespaced: true,
};

/**
 * What is answered and never stored, as OpenAPI describes it: reviews, the states of components, bindings. Those of
 * whose types nothing is known are left out.
 */
export function computedKinds(groups: readonly VirtualGroup[]): KindDefinition[] {
  return [
    computedKind({ group: '', version: 'v1' }, BINDING, ['create']),
    ...groups.flatMap((group) =>
      group.resources
        .filter(({ subresource }) => !subresource)
        .map((resource) => computedKind(group, resource, verbsOf(resource))),
    ),
  ].filter(({ schema }) => hasTypeSchema(schema));
}

/** A computed resource as if it were stored. */
export function computedKind(
  { group, version }: Pick<VirtualGroup, 'group' | 'version'>,
  { plural, singular, kind, namespaced }: Described,
  verbs: readonly string[] = [],
): KindDefinition {
  const [short = ''] = group.split('.');
  const schema = `io.k8s.api.${short || 'core'}.${version}.${kind}`;
  return { group, version, kind, plural, singular, namespaced, schema, verbs };
}

function verbsOf({ get, list, create }: VirtualResource): string[] {
  return Object.entries({ get, list, create }).flatMap(([verb, handler]) => (handler ? [verb] : []));
}
