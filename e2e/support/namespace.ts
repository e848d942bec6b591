import type { KubernetesObject, Wheelhouse } from './wheelhouse';

/** kubectl in one namespace of a cluster. */
export interface InNamespace {
  readonly name: string;
  kubectl(...args: string[]): Promise<string>;
  apply(...objects: object[]): Promise<string>;
  get<T = KubernetesObject>(...args: string[]): Promise<T>;
  /** The address of a service with one port. */
  urlOf(service: string): Promise<string>;
}

/** Makes a namespace and speaks of it alone. */
export async function newNamespace(cluster: Wheelhouse, name: string): Promise<InNamespace> {
  await cluster.kubectl('create', 'namespace', name);
  const get = <T = KubernetesObject>(...args: string[]) => cluster.get<T>('-n', name, ...args);
  return {
    name,
    kubectl: (...args) => cluster.kubectl('-n', name, ...args),
    apply: (...objects) => cluster.apply({ apiVersion: 'v1', kind: 'List', items: objects }, '-n', name),
    get,
    async urlOf(service) {
      const { spec } = await get<{ spec: { clusterIP: string } }>('service', service);
      return `http://${spec.clusterIP}/`;
    },
  };
}
