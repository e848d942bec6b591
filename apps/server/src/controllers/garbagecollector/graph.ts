import { groupResourceOf, type ResourceType } from '@wheelhouse/shared/meta/kind';
import {
  type KubeObject,
  keyOf,
  type ObjectKey,
  type OwnerReference,
  type Stored,
} from '@wheelhouse/shared/meta/object';
import { refersTo } from '../machinery/owners';

/** As much of an object as ownership needs. */
export interface GraphNode {
  readonly type: ResourceType;
  readonly key: ObjectKey;
  readonly uid: string;
  readonly namespace: string | undefined;
  readonly owners: readonly OwnerReference[];
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
}

/** True when the object of the reference's UID is also what the reference calls it, where its dependent can have it. */
export function isNamedBy(reference: OwnerReference, owner: GraphNode, dependent: GraphNode): boolean {
  if (!refersTo(reference, owner.type)) return false;
  return owner.key === (owner.type.namespaced ? `${dependent.namespace}/${reference.name}` : reference.name);
}

/** Who owns whom, by UID, over all kinds: what the informers have shown so far. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  /** Owner UID → UIDs of the nodes whose `owners` name it. The owner itself need not be known. */
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  ofType(type: ResourceType): GraphNode[] {
    return [...this.#nodes.values()].filter((node) => groupResourceOf(node.type) === groupResourceOf(type));
  }

  dependentsOf(uid: string): GraphNode[] {
    const result: GraphNode[] = [];
    for (const dependent of this.#dependents.get(uid) ?? []) {
      const node = this.#nodes.get(dependent);
      if (node) result.push(node);
    }
    return result;
  }

  set(type: ResourceType, object: Stored<KubeObject>): GraphNode {
    const { uid, namespace, ownerReferences = [], deletionTimestamp, finalizers = [] } = object.metadata;
    const node: GraphNode = {
      type,
      key: keyOf(object),
      uid,
      namespace,
      owners: ownerReferences,
      deleting: deletionTimestamp !== undefined,
      finalizers,
    };
    this.#unlink(uid);
    this.#nodes.set(uid, node);
    for (const owner of node.owners) {
      const dependents = this.#dependents.get(owner.uid);
      if (dependents) dependents.add(uid);
      else this.#dependents.set(owner.uid, new Set([uid]));
    }
    return node;
  }

  delete(uid: string): void {
    this.#unlink(uid);
    this.#nodes.delete(uid);
  }

  #unlink(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.owners ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}
