import { ageColumn, defaultColumns, nameColumn } from '@wheelhouse/shared/kinds/columns';
import type { PrintColumn, RowCondition } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, ObjectMeta, Stored } from '@wheelhouse/shared/meta/object';
import type { Entry } from '../registry/entry';
import type { Scale } from '../registry/scale';
import type { StoredResource } from '../registry/stored-resource';
import type { Shape } from './presentation';

/** The metadata alone, as `meta.k8s.io` PartialObjectMetadata. */
export function partialOf(object: Stored<KubeObject>, version: string, hidden?: readonly string[]) {
  const { metadata } = object;
  const shown = hidden && metadata.annotations ? withoutAnnotations(metadata, hidden) : metadata;
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: shown };
}

function withoutAnnotations({ annotations, ...rest }: ObjectMeta, hidden: readonly string[]): ObjectMeta {
  const left = Object.entries(annotations ?? {}).filter(([key]) => !hidden.includes(key));
  return left.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(left) };
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
  return rowsOf(
    {
      columns: columnsOf(resource),
      conditionsOf: (object) => resource.kind.rowConditions?.(object) ?? [],
      hidden: resource.kind.fieldAnnotations,
      objects: entries.map((entry) => resource.view(entry)),
      metadata,
      withColumns,
    },
    shape,
  );
}

const scaleColumns: readonly PrintColumn<Scale>[] = [
  nameColumn,
  {
    name: 'Desired',
    type: 'integer',
    description: 'The number of instances that are wanted.',
    cell: ({ spec }) => spec?.replicas ?? 0,
  },
  {
    name: 'Available',
    type: 'integer',
    description: 'The number of instances that were observed.',
    cell: ({ status }) => status?.replicas ?? 0,
  },
  ageColumn,
];

/** A Scale as `kubectl get --subresource=scale` prints it. */
export function scaleTable(scale: Stored<Scale>, shape: Shape) {
  const { resourceVersion } = scale.metadata;
  return rowsOf(
    { columns: scaleColumns, objects: [scale], metadata: { resourceVersion }, withColumns: true },
    shape,
  );
}

export interface Rows<T extends KubeObject> {
  readonly columns: readonly PrintColumn<T>[];
  readonly conditionsOf?: (object: T) => readonly RowCondition[];
  readonly objects: readonly Stored<T>[];
  readonly metadata: object;
  readonly withColumns: boolean;
  /** Annotations that the metadata alone is without. */
  readonly hidden?: readonly string[] | undefined;
}

/** A table of whatever objects. */
export function rowsOf<T extends KubeObject>(
  { columns, conditionsOf, objects, metadata, withColumns, hidden }: Rows<T>,
  shape: Shape,
) {
  const version = shape.representation.form === 'table' ? shape.representation.version : 'v1';
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
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, now)),
      ...conditionsField(conditionsOf?.(object) ?? []),
      object:
        shape.includeObject === 'None'
          ? null
          : shape.includeObject === 'Object'
            ? object
            : partialOf(object, version, hidden),
    })),
  };
}

function conditionsField(conditions: readonly RowCondition[]): { conditions?: readonly RowCondition[] } {
  return conditions.length > 0 ? { conditions } : {};
}
