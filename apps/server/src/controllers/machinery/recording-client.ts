import type { Client } from '@wheelhouse/shared/client/client';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Status, Stored } from '@wheelhouse/shared/meta/object';
import type { SharedInformers } from './shared-informers';

/** The same client, which tells the caches what it wrote. Dry runs leave no trace. */
export function recordingClient(client: Client, informers: SharedInformers): Client {
  const note = <T extends KubeObject>(
    type: ResourceType<T>,
    object: Stored<T>,
    dryRun: boolean | undefined,
  ) => {
    if (!dryRun) informers.cacheOf(type)?.wrote(object);
    return object;
  };
  return {
    get: (type, ref, options) => client.get(type, ref, options),
    list: (type, options) => client.list(type, options),
    watch: (type, options) => client.watch(type, options),
    create: async (type, object, options) =>
      note(type, await client.create(type, object, options), options?.dryRun),
    update: async (type, object, options) => {
      const answer = await client.update(type, object, options);
      // `/scale` answers with an object of another kind.
      return options?.subresource === 'scale' ? answer : note(type, answer, options?.dryRun);
    },
    patch: async (type, ref, patch, options) => {
      const answer = await client.patch(type, ref, patch, options);
      return options?.subresource === 'scale' ? answer : note(type, answer, options?.dryRun);
    },
    delete: async (type, ref, options) => {
      const answer = await client.delete(type, ref, options);
      const key = ref.namespace ? `${ref.namespace}/${ref.name}` : ref.name;
      if (!options?.dryRun) informers.cacheOf(type)?.deleted(key, isObject(answer) ? answer : undefined);
      return answer;
    },
    createSubresource: (type, ref, name, body, options) =>
      client.createSubresource(type, ref, name, body, options),
  };
}

function isObject<T extends KubeObject>(answer: Stored<T> | Status): answer is Stored<T> {
  return answer.kind !== 'Status';
}
