import { validatingWebhookConfigurationKind } from '@wheelhouse/shared/kinds/admissionregistration/validating-webhook-configuration';
import type { HookClient } from '../../webhooks/hook-client';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission';
import { isExempt } from '../matching/rules';
import { configuredWebhooks, noneConfigured } from './configured';

/** Asks all validating webhooks at once; the first of them, by their order, that refuses is told. */
export function validatingWebhooks(hooks: HookClient): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    validate(attributes) {
      if (isExempt(attributes) || noneConfigured(attributes.reader, validatingWebhookConfigurationKind))
        return;
      return askAll(hooks, attributes);
    },
  };
}

async function askAll(hooks: HookClient, attributes: AdmissionAttributes): Promise<void> {
  const webhooks = await configuredWebhooks(attributes.reader, validatingWebhookConfigurationKind, false);
  const answers = await Promise.allSettled(
    webhooks.map(async (webhook, index) => {
      const request = await webhook.concerns(attributes);
      if (!request || (await webhook.ask(hooks, attributes, request))) return;
      const key = `failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`;
      attributes.annotate?.(key, webhook.name);
    }),
  );
  const refusal = answers.find((answer) => answer.status === 'rejected');
  if (refusal) throw refusal.reason;
}
