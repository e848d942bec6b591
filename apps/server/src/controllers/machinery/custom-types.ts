import { customResourceDefinitionKind } from '@wheelhouse/shared/kinds/apiextensions/custom-resource-definition';
import { groupResourceOf, type ResourceType } from '@wheelhouse/shared/meta/kind';
import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1';
import type { ControllerContext } from './controller';

/** The kinds that users have defined, as they come and go. */
export interface CustomTypes {
  /** Those that are served now. */
  readonly current: Iterable<ResourceType>;
}

/**
 * Follows the definitions of custom resources. `added` runs for each kind once it is served, also for those that are
 * there already; `removed` when its definition has gone, and its objects with it. When a definition is better looked
 * at in another version, the kind is removed and added.
 */
export function followCustomTypes(
  context: Pick<ControllerContext, 'informer'>,
  { added, removed }: { added(type: ResourceType): void; removed?(type: ResourceType): void },
): CustomTypes {
  const types = new Map<string, ResourceType>();
  const look = (definition: CustomResourceDefinition) => {
    const type = servedType(definition);
    const resource = type && groupResourceOf(type);
    if (!type || !resource) return;
    const known = types.get(resource);
    if (known?.version === type.version) return;
    types.set(resource, type);
    // The version that was followed may not be served any more.
    if (known) removed?.(known);
    added(type);
  };
  context.informer<CustomResourceDefinition>(customResourceDefinitionKind).subscribe({
    added: look,
    updated: look,
    deleted({ spec }) {
      const resource = groupResourceOf({ group: spec.group, plural: spec.names.plural });
      const type = types.get(resource);
      if (!type) return;
      types.delete(resource);
      removed?.(type);
    },
  });
  return {
    get current() {
      return types.values();
    },
  };
}

/** The form in which a definition's objects are best looked at; undefined while it is not served. */
function servedType({ spec, status }: CustomResourceDefinition): ResourceType | undefined {
  const established = status?.conditions?.some(
    ({ type, status: state }) => type === 'Established' && state === 'True',
  );
  const served = spec.versions.filter((version) => version.served);
  const version = served.find(({ storage }) => storage) ?? served[0];
  if (!established || !version) return undefined;
  const { kind, plural } = status?.acceptedNames ?? spec.names;
  return { group: spec.group, version: version.name, kind, plural, namespaced: spec.scope === 'Namespaced' };
}
