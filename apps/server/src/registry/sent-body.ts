import { isObject } from '@wheelhouse/shared/meta/json';
import type { KindDefinition } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { SentBody } from '../admission/admission';
import { SCALE_KIND, type Scale, scaleOf, writePath } from './scale';

const BINDING = { group: '', version: 'v1', kind: 'Binding' };

/** Requests to `scale` and `binding` change the whole object here; they are told about as what was sent. */
export function sentBody(
  kind: KindDefinition,
  request: {
    readonly subresource?: string | undefined;
    readonly object: KubeObject | undefined;
    readonly oldObject: KubeObject | undefined;
  },
): SentBody | undefined {
  const { subresource, object, oldObject } = request;
  if (!object) return undefined;
  if (subresource === 'scale' && kind.scale) {
    const spec = kind.scale;
    // It has been completed for storage, which makes it a stored one but for its revision.
    const scale = (whole: KubeObject): Scale => scaleOf(spec, whole as Stored<KubeObject>);
    return {
      operation: 'update',
      kind: SCALE_KIND,
      object: scale(object),
      oldObject: oldObject && scale(oldObject),
      accept(changed) {
        const wanted = 'spec' in changed && isObject(changed.spec) ? changed.spec.replicas : undefined;
        writePath(object, spec.specReplicasPath, wanted ?? 0);
      },
    };
  }
  if (subresource !== 'binding') return undefined;
  // Only pods are bound.
  const { metadata, spec } = object as Pod;
  const binding: KubeObject & { target: object } = {
    kind: 'Binding',
    apiVersion: 'v1',
    metadata: { name: metadata?.name ?? '', namespace: metadata?.namespace ?? '', uid: metadata?.uid ?? '' },
    target: { kind: 'Node', name: spec?.nodeName ?? '' },
  };
  return { operation: 'create', kind: BINDING, object: binding, oldObject: undefined };
}
