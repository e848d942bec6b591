import { isAlreadyExists, isForbidden, isNotFound } from '@wheelhouse/shared/errors';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import { type KubeObject, keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { ControllerContext, Outcome, Reconciler } from './controller';

export interface EnsuredObject<T extends KubeObject> {
  readonly type: ResourceType<T>;
  readonly name: string;
  /** What is created where there is none; the namespace is filled in. */
  make(): T;
  /** The object as it must be, or undefined when it already is so. */
  correct?(current: Stored<T>): T | undefined;
}

/** Keeps one object of a fixed name in every namespace that is not being deleted. Keys are namespaces. */
export function ensureInNamespaces<T extends KubeObject>(
  context: ControllerContext,
  ensured: EnsuredObject<T>,
): Reconciler {
  const { client } = context;
  const queue = context.queue();
  const namespaces = context.cache(namespaceKind);
  const objects = context.cache(ensured.type);
  context.informer(namespaceKind).subscribe({
    added: (namespace) => queue.add(keyOf(namespace)),
    updated: (namespace) => queue.add(keyOf(namespace)),
  });
  const enqueueNamespace = ({ metadata }: Stored<T>) => {
    if (metadata.name === ensured.name && metadata.namespace) queue.add(metadata.namespace);
  };
  context.informer(ensured.type).subscribe({ updated: enqueueNamespace, deleted: enqueueNamespace });

  async function reconcile(key: ObjectKey): Promise<Outcome> {
    const namespace = namespaces.get(key);
    if (!namespace || namespace.metadata.deletionTimestamp || namespace.status?.phase === 'Terminating')
      return;
    const current = objects.get(`${key}/${ensured.name}`);
    if (current) {
      const corrected = ensured.correct?.(current);
      if (corrected) await client.update(ensured.type, corrected);
      return;
    }
    const object = ensured.make();
    try {
      const metadata = { ...object.metadata, name: ensured.name, namespace: key };
      await client.create(ensured.type, { ...object, metadata });
    } catch (error) {
      if (isAlreadyExists(error) || isNotFound(error)) return;
      // The namespace's deletion began meanwhile.
      if (isForbidden(error) && namespaces.get(key)?.metadata.deletionTimestamp) return;
      throw error;
    }
  }

  return { name: `${ensured.type.plural}/${ensured.name}`, queue, reconcile };
}
