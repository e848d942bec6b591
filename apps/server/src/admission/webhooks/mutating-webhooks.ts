import { internalError } from '@wheelhouse/shared/errors';
import { mutatingWebhookConfigurationKind } from '@wheelhouse/shared/kinds/admissionregistration/mutating-webhook-configuration';
import { equalJson } from '@wheelhouse/shared/meta/json';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { applyJsonPatch } from '@wheelhouse/shared/patch/json-patch';
import type { HookClient } from '../../webhooks/hook-client';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission';
import type { RequestForm } from '../matching/request-values';
import { isExempt } from '../matching/rules';
import { configuredWebhooks, noneConfigured } from './configured';

/** What is remembered of a request between its two passes. */
interface Progress {
  /** Webhooks that want to see the object again should it be changed after them. */
  readonly invoked: Set<string>;
  /** Those of them after which it was changed. */
  readonly due: Set<string>;
  /** The object after the last webhook of the first pass. */
  output: KubeObject | undefined;
}

/**
 * Asks the mutating webhooks, one after the other, and carries out their patches. What has changed after a webhook
 * that wants to know of it is shown to it once more, in a second pass over all plugins.
 */
export function mutatingWebhooks(hooks: HookClient): AdmissionPlugin {
  const progress = new WeakMap<AdmissionAttributes, Progress>();
  return {
    name: 'MutatingAdmissionWebhook',
    admit(attributes) {
      if (isExempt(attributes) || noneConfigured(attributes.reader, mutatingWebhookConfigurationKind)) return;
      return askAll(attributes);
    },
  };

  async function askAll(attributes: AdmissionAttributes): Promise<void> {
    const webhooks = await configuredWebhooks(attributes.reader, mutatingWebhookConfigurationKind, true);
    const state = progress.get(attributes) ?? { invoked: new Set(), due: new Set(), output: undefined };
    progress.set(attributes, state);
    const isSecond = attributes.passes?.isSecond ?? false;
    // Other plugins may have changed it as well.
    if (isSecond && !equalJson(state.output, attributes.object)) markDue(state);
    for (const [index, webhook] of webhooks.entries()) {
      const { id, configuration } = webhook.origin;
      if (isSecond && !state.due.has(id)) continue;
      const request = await webhook.concerns(attributes);
      if (!request) continue;
      const verdict = await webhook.ask(hooks, attributes, request);
      state.due.delete(id);
      const mutated = verdict?.patch !== undefined && (await carryOut(attributes, request, verdict.patch));
      const turn = `round_${isSecond ? 1 : 0}_index_${index}`;
      if (verdict) {
        const said = JSON.stringify({ configuration, webhook: webhook.name, mutated });
        attributes.annotate?.(`mutation.webhook.admission.k8s.io/${turn}`, said);
      } else {
        attributes.annotate?.(`failed-open.mutation.webhook.admission.k8s.io/${turn}`, webhook.name);
      }
      if (mutated) {
        markDue(state);
        if (attributes.passes && !isSecond) attributes.passes.wantsSecond = true;
      }
      if ('reinvocationPolicy' in webhook.spec && webhook.spec.reinvocationPolicy === 'IfNeeded') {
        state.invoked.add(id);
      }
    }
    state.output = structuredClone(attributes.object);
  }
}

function markDue({ invoked, due }: Progress): void {
  for (const id of invoked) due.add(id);
  invoked.clear();
}

/** False: the patch changes nothing. Throws InternalError for one that cannot be carried out. */
async function carryOut(
  attributes: AdmissionAttributes,
  { object, form }: RequestForm,
  patch: string,
): Promise<boolean> {
  // A deletion has no object that could be changed.
  if (!object) {
    throw internalError(
      `admission webhook attempted to modify the object, which is not supported for this operation`,
    );
  }
  let patched: unknown;
  try {
    patched = applyJsonPatch(object, JSON.parse(Buffer.from(patch, 'base64').toString('utf8')));
    if (equalJson(patched, object)) return false;
    const { sent } = attributes;
    // The patch of an object is decoded, and found out to be none, where it is taken over.
    if (sent) sent.accept?.(patched as KubeObject);
    else attributes.replace?.(form ? await form.back(patched as KubeObject) : patched);
  } catch (error) {
    throw internalError(error instanceof Error ? error.message : String(error));
  }
  return true;
}
