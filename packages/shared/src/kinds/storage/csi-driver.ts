import type { CSIDriver } from 'kubernetes-types/storage/v1';
import { duplicate, type FieldError, immutable, invalidValue, notSupported } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { ageColumn, nameColumn } from '../columns';

export type { CSIDriver };

const FS_GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLE_MODES = ['Ephemeral', 'Persistent'];
const MIN_TOKEN_SECONDS = 600;

export const csiDriverKind: KindDefinition<CSIDriver> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  singular: 'csidriver',
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.CSIDriver',
  conditionalUpdate: true,
  deleteReturnsObject: true,
  columns: [
    nameColumn,
    {
      name: 'AttachRequired',
      type: 'boolean',
      description: 'Whether volumes are attached to a node before they are mounted.',
      cell: ({ spec }) => spec.attachRequired ?? true,
    },
    {
      name: 'PodInfoOnMount',
      type: 'boolean',
      description: 'Whether the driver is told about the pod.',
      cell: ({ spec }) => spec.podInfoOnMount ?? false,
    },
    {
      name: 'StorageCapacity',
      type: 'boolean',
      description: 'Whether the driver reports how much space is left.',
      cell: ({ spec }) => spec.storageCapacity ?? false,
    },
    {
      name: 'TokenRequests',
      type: 'string',
      description: 'Audiences of the tokens that the driver asks for.',
      cell: ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
    },
    {
      name: 'RequiresRepublish',
      type: 'boolean',
      description: 'Whether the driver is called again and again.',
      cell: ({ spec }) => spec.requiresRepublish ?? false,
    },
    {
      name: 'Modes',
      type: 'string',
      description: 'The kinds of volumes that the driver offers.',
      cell: ({ spec }) => spec.volumeLifecycleModes?.join(',') || '<none>',
    },
    ageColumn,
  ],
  default({ spec }) {
    if (!spec) return;
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  validate({ spec }) {
    const errors: FieldError[] = [];
    if (spec?.fsGroupPolicy !== undefined && !FS_GROUP_POLICIES.includes(spec.fsGroupPolicy)) {
      errors.push(notSupported('spec.fsGroupPolicy', spec.fsGroupPolicy, FS_GROUP_POLICIES));
    }
    for (const mode of spec?.volumeLifecycleModes ?? []) {
      if (!LIFECYCLE_MODES.includes(mode))
        errors.push(notSupported('spec.volumeLifecycleModes', mode, LIFECYCLE_MODES));
    }
    return [...errors, ...validateTokenRequests(spec?.tokenRequests ?? [])];
  },
  validateUpdate: (next, previous) => [
    // Kubernetes names the field so.
    ...immutable('spec.attachedRequired', next.spec.attachRequired, previous.spec.attachRequired),
    ...immutable(
      'spec.volumeLifecycleModes',
      next.spec.volumeLifecycleModes,
      previous.spec.volumeLifecycleModes,
    ),
  ],
};

function validateTokenRequests(
  requests: readonly { audience: string; expirationSeconds?: number }[],
): FieldError[] {
  const seen = new Set<string>();
  return requests.flatMap(({ audience, expirationSeconds }, i) => {
    const at = `spec.tokenRequests[${i}]`;
    const errors = seen.has(audience) ? [duplicate(`${at}.audience`, audience)] : [];
    seen.add(audience);
    if (expirationSeconds === undefined) return errors;
    if (expirationSeconds < MIN_TOKEN_SECONDS) {
      errors.push(
        invalidValue(
          `${at}.expirationSeconds`,
          expirationSeconds,
          'may not specify a duration less than 10 minutes',
        ),
      );
    }
    if (expirationSeconds > 2 ** 32) {
      errors.push(
        invalidValue(
          `${at}.expirationSeconds`,
          expirationSeconds,
          'may not specify a duration larger than 1<<32 seconds',
        ),
      );
    }
    return errors;
  });
}
