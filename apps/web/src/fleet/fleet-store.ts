import {
  type FleetChange,
  type FleetKey,
  type FleetObject,
  type FleetPod,
  fleetKey,
} from '@wheelhouse/shared/console/protocol';

/**
 * The fleet as the browser knows it. Readers subscribe to a *topic*: one object (`object:pods/shop/web-1`) or one
 * set (`set:node:node-1`). A change wakes exactly the topics that it touches, so the screen redraws what moved and
 * nothing else, however many objects there are.
 */
export class FleetStore {
  readonly #objects = new Map<FleetKey, FleetObject>();
  readonly #sets = new Map<string, Set<FleetKey>>();
  /** The sets that an object stands in now. */
  readonly #placed = new Map<FleetKey, readonly string[]>();
  readonly #sorted = new Map<string, readonly FleetObject[]>();
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Replica set uid → uid of the deployment that owns it: a deployment's pods hang on its replica sets. */
  readonly #grandOwner = new Map<string, string>();
  #complete = false;

  /** False until the first snapshot is in: nothing is known yet, which is not the same as nothing there. */
  get complete(): boolean {
    return this.#complete;
  }

  get(key: FleetKey): FleetObject | undefined {
    return this.#objects.get(key);
  }

  /** Members in the order of their creation. The array stays the same until one of them changes. */
  set(name: string): readonly FleetObject[] {
    const known = this.#sorted.get(name);
    if (known) return known;
    const members: FleetObject[] = [];
    for (const key of this.#sets.get(name) ?? []) {
      const object = this.#objects.get(key);
      if (object) members.push(object);
    }
    members.sort(byCreation);
    this.#sorted.set(name, members);
    return members;
  }

  count(name: string): number {
    return this.#sets.get(name)?.size ?? 0;
  }

  /** The uid of what a pod belongs to for a person: its deployment, else its controller, else ''. */
  workloadOf(pod: FleetPod): string {
    const owner = pod.owner?.uid ?? '';
    return this.#grandOwner.get(owner) ?? owner;
  }

  subscribe(topic: string, listener: () => void): () => void {
    let listeners = this.#listeners.get(topic);
    if (!listeners) {
      listeners = new Set();
      this.#listeners.set(topic, listeners);
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(topic) === listeners) this.#listeners.delete(topic);
    };
  }

  apply(changes: readonly FleetChange[]): void {
    const touched = new Set<string>();
    for (const change of changes) {
      if ('put' in change) this.#put(change.put, touched);
      else this.#drop(change.drop, touched);
    }
    this.#wake(touched);
  }

  /** Becomes exactly this; objects that are the same keep their identity, so an unchanged screen is not redrawn. */
  replace(objects: readonly FleetObject[]): void {
    const touched = new Set<string>();
    const present = new Set(objects.map(fleetKey));
    for (const key of [...this.#objects.keys()]) if (!present.has(key)) this.#drop(key, touched);
    for (const object of objects) {
      const known = this.#objects.get(fleetKey(object));
      if (!known || JSON.stringify(known) !== JSON.stringify(object)) this.#put(object, touched);
    }
    this.#complete = true;
    touched.add('complete');
    this.#wake(touched);
  }

  #put(object: FleetObject, touched: Set<string>): void {
    const key = fleetKey(object);
    this.#objects.set(key, object);
    if (object.resource === 'replicasets') this.#noteOwner(object.uid, object.owner?.uid, touched);
    this.#place(key, this.#setsOf(object), touched);
  }

  #drop(key: FleetKey, touched: Set<string>): void {
    const object = this.#objects.get(key);
    if (!object) return;
    this.#objects.delete(key);
    if (object.resource === 'replicasets') this.#grandOwner.delete(object.uid);
    this.#place(key, [], touched);
  }

  #place(key: FleetKey, next: readonly string[], touched: Set<string>): void {
    touched.add(`object:${key}`);
    for (const name of this.#placed.get(key) ?? []) {
      touched.add(`set:${name}`);
      if (!next.includes(name)) this.#sets.get(name)?.delete(key);
    }
    for (const name of next) {
      touched.add(`set:${name}`);
      const set = this.#sets.get(name);
      if (set) set.add(key);
      else this.#sets.set(name, new Set([key]));
    }
    if (next.length > 0) this.#placed.set(key, next);
    else this.#placed.delete(key);
  }

  #setsOf(object: FleetObject): string[] {
    const sets = [object.resource as string];
    if ('namespace' in object) sets.push(`${object.resource}/${object.namespace}`);
    switch (object.resource) {
      case 'pods':
        if (object.node) sets.push(`node:${object.node}`);
        if (object.owner) sets.push(`owner:${object.owner.uid}`, `workload:${this.workloadOf(object)}`);
        else sets.push('alone', `alone/${object.namespace}`);
        break;
      case 'replicasets':
      case 'jobs':
        if (object.owner) sets.push(`owner:${object.owner.uid}`);
        break;
      case 'horizontalpodautoscalers':
        sets.push(`scales:${object.target.kind}/${object.namespace}/${object.target.name}`);
        break;
      case 'events': {
        const { kind, namespace = '', name } = object.about;
        sets.push(`about:${kind}/${namespace}/${name}`);
        break;
      }
      case 'endpointslices':
        sets.push(`service:${object.namespace}/${object.service}`);
        break;
    }
    return sets;
  }

  /** Pods may be known before the replica set that ties them to their deployment: they move when it comes. */
  #noteOwner(uid: string, owner: string | undefined, touched: Set<string>): void {
    if (this.#grandOwner.get(uid) === owner) return;
    if (owner) this.#grandOwner.set(uid, owner);
    else this.#grandOwner.delete(uid);
    for (const key of this.#sets.get(`owner:${uid}`) ?? []) {
      const pod = this.#objects.get(key);
      if (pod?.resource === 'pods') this.#place(key, this.#setsOf(pod), touched);
    }
  }

  #wake(touched: ReadonlySet<string>): void {
    // All is in place before anyone looks.
    for (const topic of touched) if (topic.startsWith('set:')) this.#sorted.delete(topic.slice(4));
    for (const topic of touched) for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener();
  }
}

function byCreation(a: FleetObject, b: FleetObject): number {
  if (a.created !== b.created) return a.created < b.created ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
