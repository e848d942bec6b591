import type { MutatingWebhookConfiguration } from 'kubernetes-types/admissionregistration/v1';
import type { KindDefinition } from '../../meta/kind';
import { ageColumn, nameColumn } from '../columns';
import { oneOf } from './rules';
import { defaultWebhook, validateWebhooks } from './webhooks';

export type { MutatingWebhookConfiguration };

const REINVOCATION = ['IfNeeded', 'Never'];

/** Programs outside that may change objects on their way in. */
export const mutatingWebhookConfigurationKind: KindDefinition<MutatingWebhookConfiguration> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  singular: 'mutatingwebhookconfiguration',
  categories: ['api-extensions'],
  namespaced: false,
  plainFinalizers: true,
  schema: 'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration',
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
      webhook.reinvocationPolicy ??= 'Never';
    }
  },
  validate: ({ webhooks }) => [
    ...validateWebhooks(webhooks),
    ...(webhooks ?? []).flatMap(({ reinvocationPolicy }, i) =>
      oneOf(`webhooks[${i}].reinvocationPolicy`, reinvocationPolicy, REINVOCATION),
    ),
  ],
};
