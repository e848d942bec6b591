import { defaultColumns } from '@wheelhouse/shared/kinds/columns';
import type { PrintColumn } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { Entry } from '../registry/entry';
import type { StoredResource } from '../registry/stored-resource';
import type { Shape } from './presentation';

/** The metadata alone, as `meta.k8s.io` PartialObjectMetadata. */
export function partialOf(object: Stored<KubeObject>, version: string) {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

function columnsOf(resource: StoredResource): readonly PrintColumn<KubeObject>[] {
  return resource.kind.columns ?? defaultColumns;
}

/** Rows for people: the columns of the kind, and in each row as much of the object as was asked for. */
export function tableOf(
  resource: StoredResource,
  entries: readonly Entry[],
  metadata: object,
  shape: Shape,
  withColumns = true,
) {
  const version = shape.representation.form === 'table' ? shape.representation.version : 'v1';
  const columns = columnsOf(resource);
  const now = shape.clock.now();
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: withColumns
      ? columns.map(({ name, type, format, description, priority }) => ({
          name,
          type,
          format: format ?? '',
          description: description ?? '',
          priority: priority ?? 0,
        }))
      : null,
    rows: entries.map((entry) => {
      const object = resource.view(entry);
      return {
        cells: columns.map((column) => column.cell(object, now)),
        object:
          shape.includeObject === 'None'
            ? null
            : shape.includeObject === 'Object'
              ? object
              : partialOf(object, version),
      };
    }),
  };
}
