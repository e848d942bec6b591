import type { ValidatingWebhookConfiguration } from 'kubernetes-types/admissionregistration/v1';
import type { KindDefinition } from '../../meta/kind';
import { ageColumn, nameColumn } from '../columns';

import { defaultWebhook, validateWebhooks } from './webhooks';

export type { ValidatingWebhookConfiguration };

/** Programs outside that may refuse objects on their way in. */
export const validatingWebhookConfigurationKind: KindDefinition<ValidatingWebhookConfiguration> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  singular: 'validatingwebhookconfiguration',
  categories: ['api-extensions'],
  namespaced: false,
  plainFinalizers: true,
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration',
  conditionalUpdate: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    {
      name: 'Webhooks',
      type: 'integer',
      description: 'The number of webhooks.',
      cell: ({ webhooks }) => webhooks?.length ?? 0,
    },
    ageColumn,
  ],
  default({ webhooks }) {
    for (const webhook of webhooks ?? []) {
      defaultWebhook(webhook);
    }
  },
  validate: ({ webhooks }) => validateWebhooks(webhooks),
};
