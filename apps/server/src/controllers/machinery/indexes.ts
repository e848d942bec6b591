import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import { controllerOf } from './owners';
import { claimIndexes, podClaims, volumeIndexes } from './volume-indexes';

type IndexFunctions = Readonly<Record<string, (object: Stored<KubeObject>) => string[]>>;

const common: IndexFunctions = {
  namespace: ({ metadata }) => [metadata.namespace ?? ''],
  /** UID of the owner that manages the object. */
  controller: (object) => {
    const owner = controllerOf(object);
    return owner ? [owner.uid] : [];
  },
  /** Namespace of an object that no controller owns. */
  orphan: (object) => (controllerOf(object) ? [] : [object.metadata.namespace ?? '']),
};

const byResource: Readonly<Record<string, IndexFunctions>> = {
  pods: {
    /** `namespace/name` of the job that the pod belongs to, or did. */
    job: (object) => {
      const owner = controllerOf(object);
      return owner?.kind === 'Job' ? [`${object.metadata.namespace}/${owner.name}`] : [];
    },
    node: (object) => [specField(object, 'nodeName')].filter((name) => name !== ''),
    /** `namespace/key=value` for each label. */
    label: ({ metadata }) =>
      Object.entries(metadata.labels ?? {}).map(([key, value]) =>
        labelIndexValue(metadata.namespace, key, value),
      ),
    /** `namespace/name` of each claim that the pod's volumes stand for. */
    claim: podClaims,
  },
  persistentvolumes: volumeIndexes,
  persistentvolumeclaims: claimIndexes,
  endpointslices: {
    service: ({ metadata }) => {
      const service = metadata.labels?.['kubernetes.io/service-name'];
      return service ? [`${metadata.namespace}/${service}`] : [];
    },
  },
};

/** The indexes of the shared informer of a resource. */
export function indexesOf(type: ResourceType): IndexFunctions {
  return { ...common, ...byResource[type.plural] };
}

export function labelIndexValue(namespace: string | undefined, key: string, value: string): string {
  return `${namespace ?? ''}/${key}=${value}`;
}

function specField(object: KubeObject, field: string): string {
  const spec: unknown = 'spec' in object ? object.spec : undefined;
  const value: unknown = typeof spec === 'object' && spec !== null ? Reflect.get(spec, field) : undefined;
  return typeof value === 'string' ? value : '';
}
