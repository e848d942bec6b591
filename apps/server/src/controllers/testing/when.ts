import type { Client } from '@wheelhouse/shared/client/client';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import { type KubeObject, keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';

/** Resolves with the objects of a kind once `predicate` accepts them; driven by a watch, so without any polling. */
export async function when<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  predicate: (objects: Stored<T>[]) => boolean,
  timeoutMs = 30_000,
): Promise<Stored<T>[]> {
  const signal = AbortSignal.timeout(timeoutMs);
  const list = await client.list(type);
  const objects = new Map<ObjectKey, Stored<T>>(list.items.map((item) => [keyOf(item), item]));
  if (predicate([...objects.values()])) return [...objects.values()];
  const { resourceVersion } = list.metadata;
  for await (const { type: change, object } of client.watch(type, { resourceVersion, signal })) {
    if (change === 'DELETED') objects.delete(keyOf(object));
    else if (change !== 'BOOKMARK') objects.set(keyOf(object), object);
    if (predicate([...objects.values()])) return [...objects.values()];
  }
  throw new Error(`gave up waiting for ${type.plural}; there is: ${JSON.stringify([...objects.values()])}`);
}
