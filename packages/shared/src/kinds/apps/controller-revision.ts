import type { ControllerRevision } from 'kubernetes-types/apps/v1';
import { type FieldError, immutable, nonNegative, required } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { ageColumn, nameColumn } from '../columns';

export type { ControllerRevision };

/** One earlier state of a StatefulSet or DaemonSet, to which it can be rolled back. */
export const controllerRevisionKind: KindDefinition<ControllerRevision> = {
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  singular: 'controllerrevision',
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.ControllerRevision',
  columns: [
    nameColumn,
    {
      name: 'Controller',
      type: 'string',
      description: 'Controller of the object',
      cell: ({ metadata }) => controllerText(metadata?.ownerReferences),
    },
    {
      name: 'Revision',
      type: 'string',
      description: 'Number of the state: the newest has the highest.',
      cell: ({ revision }) => revision ?? 0,
    },
    ageColumn,
  ],
  validate,
  validateUpdate: (next, previous) => [
    ...validate(next),
    ...immutable('data', next.data ?? null, previous.data ?? null),
  ],
};

function validate({ data, revision }: ControllerRevision): FieldError[] {
  return [
    ...nonNegative('revision', revision),
    ...(data === undefined || data === null ? [required('data', 'data is mandatory')] : []),
  ];
}

/** `daemonset.apps/name` */
function controllerText(owners: NonNullable<ControllerRevision['metadata']>['ownerReferences']): string {
  const owner = owners?.find(({ controller }) => controller === true);
  if (!owner) return '<none>';
  const slash = owner.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`;
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}
