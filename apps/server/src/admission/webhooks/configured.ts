import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { MutatingWebhook, ValidatingWebhook } from 'kubernetes-types/admissionregistration/v1';
import type { AdmissionReader } from '../admission';
import { Webhook } from './webhook';

interface Configuration extends KubeObject {
  readonly webhooks?: readonly (ValidatingWebhook | MutatingWebhook)[];
}

const prepared = new WeakMap<Stored<Configuration>, readonly Webhook[]>();

/** The webhooks of all configurations in the order of their names, each prepared once per revision. */
export async function configuredWebhooks<T extends Configuration>(
  reader: AdmissionReader,
  type: ResourceType<T>,
  isMutating: boolean,
): Promise<readonly Webhook[]> {
  const configurations = await (reader.recent?.(type) ?? reader.list(type));
  return [...configurations]
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap((configuration) => {
      let webhooks = prepared.get(configuration);
      if (!webhooks) {
        const { name } = configuration.metadata;
        webhooks = (configuration.webhooks ?? []).map(
          (spec, i) =>
            new Webhook(spec, { configuration: name, id: `${name}/${spec.name}/${i}` }, isMutating),
        );
        prepared.set(configuration, webhooks);
      }
      return webhooks;
    });
}

/** True while there is none at all, which costs a request nothing to find out. */
export function noneConfigured<T extends Configuration>(
  reader: AdmissionReader,
  type: ResourceType<T>,
): boolean {
  const found = reader.recent?.(type);
  return Array.isArray(found) && found.length === 0;
}
