import { asApiError, isConflict, isNotFound } from '@wheelhouse/shared/errors';
import { allKinds } from '@wheelhouse/shared/kinds/all';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { KindDefinition, ResourceType } from '@wheelhouse/shared/meta/kind';
import { type KubeObject, keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { Namespace } from 'kubernetes-types/core/v1';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { followCustomTypes } from '../machinery/custom-types';
import { deletionConditions, overdue, type Remains } from './plan';

const FINALIZER = 'kubernetes';
/** Most deletions under way at once; more would only crowd out everybody else's requests. */
const PARALLEL = 32;
/** When nothing tells that the rest has gone, it is looked at again. */
const LOOK_AGAIN_MS = 2_000;

/** Empties namespaces that are being deleted, then lets them go. */
export const namespaceController: ControllerDefinition = {
  name: 'namespace',
  setup(context) {
    const { client, clock } = context;
    const queue = context.queue();
    const namespaces = context.cache(namespaceKind);
    const builtIn = allKinds.filter((kind) => kind.namespaced && !kind.storedAs && canBeEmptied(kind));
    const custom = followCustomTypes(context, {
      added: (type) => type.namespaced && watchContent(type),
      removed: (type) => context.forget(type),
    });
    const contents = (): ResourceType[] => [
      ...builtIn,
      ...[...custom.current].filter(({ namespaced }) => namespaced),
    ];
    context.informer(namespaceKind).subscribe({
      added: (namespace) => isGoing(namespace) && queue.add(keyOf(namespace)),
      updated: (namespace) => isGoing(namespace) && queue.add(keyOf(namespace)),
    });
    // Only kinds that can linger (grace, finalizers) are worth a watch; events come and go by the thousand.
    for (const kind of builtIn) if (kind.plural !== 'events') watchContent(kind);

    function watchContent(type: ResourceType): void {
      context.informer<KubeObject>(type).subscribe({
        deleted({ metadata }) {
          const namespace = metadata.namespace ? namespaces.get(metadata.namespace) : undefined;
          if (namespace && isGoing(namespace)) queue.add(keyOf(namespace));
        },
      });
    }

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const namespace = namespaces.get(key);
      if (!namespace || !isGoing(namespace)) return undefined;
      if (!namespace.spec?.finalizers?.includes(FINALIZER)) return undefined;
      const remains = await removeContent(key);
      const current = await report(namespace, remains);
      const finished =
        remains.failures.length === 0 && remains.content.every(({ objects }) => objects.length === 0);
      if (!finished) {
        if (remains.failures.length > 0)
          throw new Error(`emptying namespace ${key}: ${remains.failures.join('; ')}`);
        return { requeueAfterMs: LOOK_AGAIN_MS };
      }
      await finalize(current);
      return undefined;
    }

    /**
     * Deletes everything and returns what is there after that. Asks the server, never a cache. The rest waits until
     * the last pod has gone: what runs must not lose its network policies, secrets or volumes before it has ended.
     */
    async function removeContent(name: string): Promise<Remains> {
      const pods = await removeKinds([podKind], name);
      const gone = pods.failures.length === 0 && pods.content.every(({ objects }) => objects.length === 0);
      return gone ? removeKinds(contents(), name) : pods;
    }

    async function removeKinds(kinds: readonly ResourceType[], name: string): Promise<Remains> {
      const failures: string[] = [];
      const results = await Promise.all(
        kinds.map(async (kind) => {
          try {
            return { type: kind, objects: await removeAll(kind, name) };
          } catch (error) {
            failures.push(asApiError(error).message);
            return { type: kind, objects: [] };
          }
        }),
      );
      return { content: results, failures };
    }

    async function removeAll(kind: ResourceType, namespace: string): Promise<Stored<KubeObject>[]> {
      const { items } = await client.list<KubeObject>(kind, { namespace });
      if (items.length === 0) return [];
      const waiting = items.filter(({ metadata }) => !metadata.deletionTimestamp);
      while (waiting.length > 0)
        await Promise.all(waiting.splice(0, PARALLEL).map((object) => remove(kind, object)));
      return (await client.list<KubeObject>(kind, { namespace })).items;
    }

    async function remove(kind: ResourceType, { metadata }: Stored<KubeObject>): Promise<void> {
      try {
        const { uid } = metadata;
        await client.delete(kind, metadata, { propagationPolicy: 'Background', preconditions: { uid } });
      } catch (error) {
        // Gone already, or another object of that name: the list that follows shows it.
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }

    async function report(namespace: Stored<Namespace>, remains: Remains): Promise<Stored<Namespace>> {
      const { name, deletionTimestamp = '' } = namespace.metadata;
      const late = overdue(remains, { name, deletedAt: new Date(deletionTimestamp) }, clock.now());
      const found = { ...remains, failures: [...remains.failures, ...late] };
      const conditions = deletionConditions(found, namespace.status?.conditions ?? [], clock.now());
      // An empty namespace goes in the next moment: nobody would read its status.
      const empty =
        remains.failures.length === 0 && remains.content.every(({ objects }) => objects.length === 0);
      if (namespace.status?.phase === 'Terminating' && (!conditions || empty)) return namespace;
      const status = {
        ...namespace.status,
        phase: 'Terminating' as const,
        ...(conditions && { conditions }),
      };
      return client.update(namespaceKind, { ...namespace, status }, { subresource: 'status' });
    }

    async function finalize(namespace: Stored<Namespace>): Promise<void> {
      const finalizers = (namespace.spec?.finalizers ?? []).filter((name) => name !== FINALIZER);
      try {
        await client.update(
          namespaceKind,
          { ...namespace, spec: { finalizers } },
          { subresource: 'finalize' },
        );
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }

    return { name: 'namespaces', queue, reconcile };
  },
};

const isGoing = ({ metadata }: Stored<Namespace>) => metadata.deletionTimestamp !== undefined;

function canBeEmptied({ verbs }: KindDefinition): boolean {
  return !verbs || (verbs.includes('list') && verbs.includes('delete'));
}
