import type { ServiceAccount } from 'kubernetes-types/core/v1';
import type { KindDefinition } from '../../meta/kind';
import { ageColumn, nameColumn } from '../columns';

export type { ServiceAccount };

export const serviceAccountKind: KindDefinition<ServiceAccount> = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ServiceAccount',
  deleteReturnsObject: true,
  subresources: [
    { name: 'token', kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', verbs: ['create'] },
  ],
  columns: [
    nameColumn,
    {
      name: 'Secrets',
      type: 'string',
      description: 'The number of secrets that pods of this account may use.',
      cell: ({ secrets }) => secrets?.length ?? 0,
    },
    ageColumn,
  ],
  prepareForCreate: nameSecretsAlone,
  prepareForUpdate: nameSecretsAlone,
};

/** Secrets are those of the account's own namespace: their name is all that is kept. */
function nameSecretsAlone(account: ServiceAccount): void {
  if (!account.secrets) return;
  Object.assign(account, { secrets: account.secrets.map(({ name }) => (name ? { name } : {})) });
}
