import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1';
import type { KindDefinition } from '../../meta/kind';
import { defaultColumns } from '../columns';
import { keepAllButStatusAlone, keepStatus, setStatus } from '../status-split';
import { validateDefinition, validateDefinitionUpdate, validateNewDefinition } from './definition-validation';

export type { CustomResourceDefinition };

/** Holds a definition until the objects of its kind are gone. */
export const CUSTOM_RESOURCE_CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

/**
 * A kind that users define. Regular expressions, defaults and CEL rules in its schemas are checked by the server
 * (custom-resources/definition-kind.ts), which has what it takes to run them.
 */
export const customResourceDefinitionKind: KindDefinition<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  conditionalUpdate: true,
  status: true,
  plainFinalizers: true,
  columns: defaultColumns,
  default({ spec }) {
    if (!spec) return;
    const { names } = spec;
    if (names) {
      names.singular ||= names.kind?.toLowerCase() ?? '';
      if (!names.listKind && names.kind) names.listKind = `${names.kind}List`;
    }
    spec.conversion ??= { strategy: 'None' };
    for (const version of spec.versions ?? []) {
      version.served ??= false;
      version.storage ??= false;
    }
    const service = spec.conversion.webhook?.clientConfig?.service;
    if (service) service.port ??= 443;
    if (spec.preserveUnknownFields === false) delete spec.preserveUnknownFields;
  },
  prepareForCreate(definition) {
    const storage = definition.spec?.versions?.find((version) => version.storage);
    setStatus(definition, {
      // An empty list of conditions is null on the wire, as in Kubernetes.
      conditions: null as unknown as [],
      acceptedNames: { plural: '', kind: '' },
      storedVersions: storage ? [storage.name] : [],
    });
  },
  prepareForUpdate(next, previous) {
    keepStatus(next, previous);
    // Objects may be stored in the new form from now on.
    const storage = next.spec?.versions?.find((version) => version.storage)?.name;
    const stored = next.status?.storedVersions ?? [];
    if (storage && !stored.includes(storage)) {
      setStatus(next, {
        ...next.status,
        storedVersions: [...stored, storage],
      });
    }
  },
  prepareForStatusUpdate: keepAllButStatusAlone,
  validate: validateDefinition,
  validateCreate: validateNewDefinition,
  validateUpdate: validateDefinitionUpdate,
  beginDeletion(definition, { now }) {
    const metadata = { ...definition.metadata };
    metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), CUSTOM_RESOURCE_CLEANUP])];
    definition.metadata = metadata;
    const conditions = (definition.status?.conditions ?? []).filter(({ type }) => type !== 'Terminating');
    setStatus(definition, {
      ...definition.status,
      conditions: [
        ...conditions,
        {
          type: 'Terminating',
          status: 'True',
          lastTransitionTime: `${now.toISOString().slice(0, 19)}Z`,
          reason: 'InstanceDeletionPending',
          message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
        },
      ],
    });
  },
};
