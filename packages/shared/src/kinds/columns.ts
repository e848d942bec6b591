import { ageOf } from '../meta/duration';
import type { PrintColumn } from '../meta/kind';
import type { KubeObject } from '../meta/object';

/** Columns that many kinds print alike. */
export const nameColumn: PrintColumn<KubeObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically.',
  cell: (object) => object.metadata?.name ?? '',
};

export const ageColumn: PrintColumn<KubeObject> = {
  name: 'Age',
  type: 'string',
  description: 'How long ago the object was created.',
  cell: (object, now) => ageOf(object.metadata?.creationTimestamp, now),
};

/** What kinds without columns of their own print. */
export const defaultColumns: readonly PrintColumn<KubeObject>[] = [
  nameColumn,
  {
    name: 'Created At',
    type: 'date',
    description: 'When the object was created.',
    cell: (object) => object.metadata?.creationTimestamp ?? '',
  },
];

/** `a=b,c=d`, or `<none>`. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const texts = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return texts.length ? texts.sort().join(',') : '<none>';
}

/** Names and images of a template's containers, the wide columns of every workload. */
export function containerColumns<T extends KubeObject>(
  containersOf: (object: T) => readonly { name: string; image?: string }[],
): PrintColumn<T>[] {
  return [
    {
      name: 'Containers',
      type: 'string',
      priority: 1,
      description: 'Names of each container in the template.',
      cell: (object) =>
        containersOf(object)
          .map(({ name }) => name)
          .join(','),
    },
    {
      name: 'Images',
      type: 'string',
      priority: 1,
      description: 'Images referenced by each container in the template.',
      cell: (object) =>
        containersOf(object)
          .map(({ image }) => image ?? '')
          .join(','),
    },
  ];
}
