import type { Namespace } from 'kubernetes-types/core/v1';
import { complaints, type FieldError, invalidValue } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { dns1123Label, qualifiedName } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';

export type { Namespace };

const NAME_LABEL = 'kubernetes.io/metadata.name';

export const namespaceKind: KindDefinition<Namespace> = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.Namespace',
  // No deletecollection: nobody means to delete all namespaces.
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  nameRule: 'dns-label',
  status: true,
  hasGeneration: false,
  deleteReturnsObject: true,
  subresources: [{ name: 'finalize', kind: 'Namespace', verbs: ['update'] }],
  selectableFields: {
    'status.phase': (namespace) => namespace.status?.phase ?? '',
  },
  columns: [
    nameColumn,
    {
      name: 'Status',
      type: 'string',
      description: 'The status of the namespace',
      cell: ({ status }) => status?.phase ?? '',
    },
    ageColumn,
  ],
  default(namespace) {
    if (!namespace.status?.phase) setStatus(namespace, { ...namespace.status, phase: 'Active' });
    const name = namespace.metadata?.name;
    // Lets selectors choose a namespace by its name; nobody can take the label off.
    if (name && namespace.metadata && dns1123Label(name).length === 0) {
      namespace.metadata.labels = { ...namespace.metadata.labels, [NAME_LABEL]: name };
    }
  },
  prepareForCreate(namespace) {
    setStatus(namespace, { phase: 'Active' });
    const finalizers = namespace.spec?.finalizers ?? [];
    namespace.spec = {
      ...namespace.spec,
      finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'],
    };
  },
  prepareForUpdate(next, previous) {
    // Only the finalize subresource takes these off.
    if (previous.spec) next.spec = previous.spec;
    else delete next.spec;
    keepStatus(next, previous);
  },
  prepareForStatusUpdate: keepAllButStatus,
  validate: ({ spec }) =>
    (spec?.finalizers ?? []).flatMap((finalizer) => validateFinalizer(finalizer, 'spec.finalizers')),
  validateStatusUpdate: validatePhase,
};

const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion'];

function validateFinalizer(finalizer: string, field: string): FieldError[] {
  const errors = complaints(field, finalizer, qualifiedName(finalizer));
  if (errors.length === 0 && !finalizer.includes('/') && !STANDARD_FINALIZERS.includes(finalizer)) {
    errors.push(
      invalidValue(field, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'),
    );
  }
  return errors;
}

function validatePhase(next: Namespace): FieldError[] {
  const phase = next.status?.phase ?? '';
  if (next.metadata?.deletionTimestamp) {
    return phase === 'Terminating'
      ? []
      : [
          invalidValue(
            'status.Phase',
            phase,
            "may only be 'Terminating' if `deletionTimestamp` is not empty",
          ),
        ];
  }
  return phase === 'Active'
    ? []
    : [invalidValue('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty")];
}
