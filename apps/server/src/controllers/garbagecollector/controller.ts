import { isNotFound } from '@wheelhouse/shared/errors';
import { allKinds } from '@wheelhouse/shared/kinds/all';
import {
  apiVersionOf,
  groupResourceOf,
  type KindDefinition,
  type ResourceType,
} from '@wheelhouse/shared/meta/kind';
import {
  type KubeObject,
  type ObjectKey,
  type OwnerReference,
  type Stored,
  splitKey,
} from '@wheelhouse/shared/meta/object';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { followCustomTypes } from '../machinery/custom-types';
import { refersTo } from '../machinery/owners';
import { blocks, FOREGROUND, judge, ORPHAN, type OwnerState } from './decide';
import { type GraphNode, isNamedBy, OwnerGraph } from './graph';

/** Kinds are watched one by one: an owner may show up a moment after what it owns. */
const OWNER_GRACE_MS = 500;

/**
 * Deletes what has lost all its owners, and carries out foreground and orphaning deletions. The graph only says where
 * to look: before anything is deleted, the server is asked for the object and for each of its owners.
 */
export const garbageCollectorController: ControllerDefinition = {
  name: 'garbagecollector',
  setup(context) {
    const { client, log } = context;
    /** Keys are UIDs. */
    const queue = context.queue();
    const graph = new OwnerGraph();
    const events = context.recorder('garbage-collector-controller');
    const builtIn = allKinds.filter(
      (kind) => !kind.storedAs && kind.plural !== 'events' && canBeCollected(kind),
    );
    /** Custom kinds stay when their definition goes: what their objects owned has lost its owners then. */
    const kinds: ResourceType[] = [...builtIn];
    /** Those among them whose definition has gone, and all objects with it. */
    const gone = new Set<string>();
    for (const kind of builtIn) follow(kind);
    followCustomTypes(context, {
      added(type) {
        const at = kinds.findIndex((known) => groupResourceOf(known) === groupResourceOf(type));
        if (at < 0) kinds.push(type);
        else kinds[at] = type;
        gone.delete(groupResourceOf(type));
        follow(type);
      },
      removed(type) {
        context.forget(type);
        gone.add(groupResourceOf(type));
        for (const node of graph.ofType(type)) {
          graph.delete(node.uid);
          for (const dependent of graph.dependentsOf(node.uid)) queue.add(dependent.uid);
        }
      },
    });

    function follow(kind: ResourceType): void {
      context.informer<KubeObject>(kind).subscribe({
        added: (object) => note(kind, object, undefined),
        updated: (object, previous) => note(kind, object, previous),
        deleted(object) {
          const { uid, ownerReferences = [] } = object.metadata;
          graph.delete(uid);
          for (const dependent of graph.dependentsOf(uid)) queue.add(dependent.uid);
          enqueueWaiting(ownerReferences);
        },
      });
    }

    function note(
      kind: ResourceType,
      object: Stored<KubeObject>,
      previous: Stored<KubeObject> | undefined,
    ): void {
      const node = graph.set(kind, object);
      const ownersChanged =
        !previous ||
        JSON.stringify(previous.metadata.ownerReferences) !== JSON.stringify(object.metadata.ownerReferences);
      if (ownersChanged) {
        if (node.owners.some((reference) => !ownerOf(node, reference)))
          queue.addAfter(node.uid, OWNER_GRACE_MS);
        else if (node.owners.some(({ uid }) => isInForeground(graph.get(uid)))) queue.add(node.uid);
        // An owner that no longer has to wait for it.
        enqueueWaiting(previous?.metadata.ownerReferences ?? []);
      }
      if (node.deleting && !previous?.metadata.deletionTimestamp) enqueueWaiting(node.owners);
      if (node.deleting && (node.finalizers.includes(ORPHAN) || node.finalizers.includes(FOREGROUND)))
        queue.add(node.uid);
    }

    function enqueueWaiting(owners: readonly OwnerReference[]): void {
      for (const { uid } of owners) if (isInForeground(graph.get(uid))) queue.add(uid);
    }

    async function reconcile(uid: ObjectKey): Promise<Outcome> {
      const node = graph.get(uid);
      if (!node || hasOwnersInGraph(node)) return undefined;
      const object = await fetch(node.type, node);
      // Gone, or replaced by another of the same name: its informer tells the rest.
      if (!object || object.metadata.uid !== uid) return undefined;
      if (object.metadata.deletionTimestamp) {
        const finalizers = object.metadata.finalizers ?? [];
        if (finalizers.includes(ORPHAN)) return orphanDependents(node, object);
        if (finalizers.includes(FOREGROUND)) return waitForDependents(node, object);
        return undefined;
      }
      return collect(node, object);
    }

    /** All its owners are there and none of them is on its way out: nothing to do, and no need to ask the server. */
    function hasOwnersInGraph(node: GraphNode): boolean {
      if (node.deleting || node.owners.length === 0) return false;
      return node.owners.every((reference) => {
        const owner = ownerOf(node, reference);
        return owner && !isInForeground(owner);
      });
    }

    /** Undefined also when it is known under another name, kind or namespace than the reference says. */
    function ownerOf(node: GraphNode, reference: OwnerReference): GraphNode | undefined {
      const owner = graph.get(reference.uid);
      return owner && isNamedBy(reference, owner, node) ? owner : undefined;
    }

    async function collect(node: GraphNode, object: Stored<KubeObject>): Promise<Outcome> {
      const { ownerReferences = [], uid, finalizers = [] } = object.metadata;
      const owners = await Promise.all(
        ownerReferences.map(async (reference) => ({ reference, state: await stateOf(reference, node) })),
      );
      const dependents = graph.dependentsOf(uid);
      const verdict = judge(owners, {
        finalizers,
        hasDependents: dependents.length > 0,
        hasWaitingDependents: dependents.some(isInForeground),
      });
      if (verdict.do === 'drop-owners') return dropOwners(node.type, object, verdict.uids);
      if (verdict.do === 'keep') return undefined;
      log.info(
        { kind: node.type.kind, key: node.key, policy: verdict.policy },
        'deleting what has lost its owners',
      );
      await ignoringGone(async () => {
        const seen = verdict.unblocks ? await unblockOwners(node.type, object) : object;
        return client.delete(node.type, object.metadata, {
          propagationPolicy: verdict.policy,
          preconditions: { uid, resourceVersion: seen.metadata.resourceVersion },
        });
      });
      return undefined;
    }

    function unblockOwners(type: ResourceType, object: Stored<KubeObject>): Promise<Stored<KubeObject>> {
      const { uid, resourceVersion, ownerReferences = [] } = object.metadata;
      const free = ownerReferences.map((reference) => ({ ...reference, blockOwnerDeletion: false }));
      const body = { metadata: { uid, resourceVersion, ownerReferences: free } };
      return client.patch(type, object.metadata, { type: 'merge', body });
    }

    /** Asks the server: the graph may lag, and what is deleted for a missing owner does not come back. */
    async function stateOf(reference: OwnerReference, dependent: GraphNode): Promise<OwnerState> {
      const type = kinds.find((kind) => refersTo(reference, kind));
      // Not ours to judge: an owner of a kind that this cluster does not know is left to whoever set it.
      if (!type) return 'solid';
      if (type.namespaced && !dependent.namespace) {
        tellOutOfReach(reference, dependent);
        return 'solid';
      }
      const known = graph.get(reference.uid);
      if (known?.namespace && known.namespace !== dependent.namespace) tellOutOfReach(reference, dependent);
      const owner = await fetch(type, {
        key: type.namespaced ? `${dependent.namespace}/${reference.name}` : reference.name,
      });
      if (!owner || owner.metadata.uid !== reference.uid) return 'absent';
      const { deletionTimestamp, finalizers = [] } = owner.metadata;
      return deletionTimestamp && finalizers.includes(FOREGROUND) ? 'waiting' : 'solid';
    }

    /** Owners are looked for in the namespace of what they own; people who think otherwise learn it here. */
    function tellOutOfReach({ apiVersion, kind, name, uid }: OwnerReference, dependent: GraphNode): void {
      const { type, namespace = '', key } = dependent;
      const regarding = {
        kind: type.kind,
        apiVersion: apiVersionOf(type),
        name: splitKey(key).name,
        uid: dependent.uid,
        ...(namespace ? { namespace } : {}),
      };
      const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
      const message = `ownerRef ${owner} does not exist in namespace "${namespace}"`;
      events.record(regarding, 'Warning', 'OwnerRefInvalidNamespace', message);
    }

    async function waitForDependents(node: GraphNode, object: Stored<KubeObject>): Promise<Outcome> {
      const dependents = graph.dependentsOf(node.uid);
      const blocking = dependents.filter((dependent) => blocks(dependent, node.uid));
      if (blocking.length === 0) return removeFinalizer(node.type, object, FOREGROUND);
      for (const dependent of dependents) if (!dependent.deleting) queue.add(dependent.uid);
      return undefined;
    }

    async function orphanDependents(node: GraphNode, object: Stored<KubeObject>): Promise<Outcome> {
      for (const dependent of graph.dependentsOf(node.uid)) {
        const current = await fetch(dependent.type, dependent);
        if (current?.metadata.uid === dependent.uid) await dropOwners(dependent.type, current, [node.uid]);
      }
      return removeFinalizer(node.type, object, ORPHAN);
    }

    async function dropOwners(
      type: ResourceType,
      object: Stored<KubeObject>,
      uids: readonly string[],
    ): Promise<undefined> {
      const { uid, resourceVersion, ownerReferences = [] } = object.metadata;
      const rest = ownerReferences.filter((reference) => !uids.includes(reference.uid));
      const body = { metadata: { uid, resourceVersion, ownerReferences: rest.length > 0 ? rest : null } };
      await ignoringGone(() => client.patch(type, object.metadata, { type: 'merge', body }));
    }

    async function removeFinalizer(
      type: ResourceType,
      object: Stored<KubeObject>,
      name: string,
    ): Promise<undefined> {
      const { uid, resourceVersion, finalizers = [] } = object.metadata;
      const rest = finalizers.filter((other) => other !== name);
      const body = { metadata: { uid, resourceVersion, finalizers: rest.length > 0 ? rest : null } };
      await ignoringGone(() => client.patch(type, object.metadata, { type: 'merge', body }));
    }

    async function fetch(
      type: ResourceType,
      { key }: { key: ObjectKey },
    ): Promise<Stored<KubeObject> | undefined> {
      if (gone.has(groupResourceOf(type))) return undefined;
      const ref = splitKey(key);
      try {
        return await client.get(type, ref);
      } catch (error) {
        // Without the name it is the resource that is not served (any more, in this version): no word on the object.
        if (isNotFound(error) && error.status.details?.name === ref.name) return undefined;
        throw error;
      }
    }

    return { name: 'objects', queue, reconcile, workers: 8 };
  },
};

async function ignoringGone(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

const isInForeground = (node: GraphNode | undefined) =>
  node?.deleting === true && node.finalizers.includes(FOREGROUND);

function canBeCollected({ verbs }: KindDefinition): boolean {
  return !verbs || ['get', 'list', 'watch', 'delete', 'patch'].every((verb) => verbs.includes(verb));
}
