import { conflict, invalid, staleWrite } from '@wheelhouse/shared/errors';
import { cloneJson, isObject, type JsonObject } from '@wheelhouse/shared/meta/json';
import type { ScaleSpec } from '@wheelhouse/shared/meta/kind';
import { selectorFromLabelSelector, selectorFromLabels } from '@wheelhouse/shared/meta/labels';
import type { KubeObject, LabelSelector, Stored } from '@wheelhouse/shared/meta/object';
import type { StoredResource } from './stored-resource';

/** `autoscaling/v1` Scale: the one view that all scalable kinds share. */
export interface Scale extends KubeObject {
  spec?: { replicas?: number };
  status?: { replicas: number; selector?: string };
}

export const SCALE_KIND = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  schema: 'io.k8s.api.autoscaling.v1.Scale',
} as const;

/** The Scale of an object; shares its revision. */
export function scaleOf(spec: ScaleSpec, object: Stored<KubeObject>): Stored<Scale> {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = readPath(object, spec.specReplicasPath);
  const observed = readPath(object, spec.statusReplicasPath);
  const selector = selectorText(spec, object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      resourceVersion,
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: typeof replicas === 'number' && replicas !== 0 ? { replicas } : {},
    status: { replicas: typeof observed === 'number' ? observed : 0, ...(selector ? { selector } : {}) },
  };
}

function selectorText(spec: ScaleSpec, object: KubeObject): string {
  const selector = readPath(object, spec.selectorPath);
  // Custom resources hold it as the text that Scale has.
  if (typeof selector === 'string') return selector;
  if (!isObject(selector)) return '';
  const isLabelSelector = 'matchLabels' in selector || 'matchExpressions' in selector;
  // The definition of the kind says which of the two stands at this path; validation has checked it.
  return isLabelSelector
    ? selectorFromLabelSelector(selector as LabelSelector).toString()
    : selectorFromLabels(selector as Record<string, string>).toString();
}

/** The object with the replicas of a Scale that was sent for it. Throws for refusals. */
export function withScale(
  resource: StoredResource,
  spec: ScaleSpec,
  current: Stored<KubeObject>,
  scale: Scale,
): KubeObject {
  const { metadata } = scale;
  if (metadata?.uid && metadata.uid !== current.metadata.uid) {
    throw conflict(
      resource.subject(current.metadata.name),
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${current.metadata.uid}`,
    );
  }
  const revision = metadata?.resourceVersion ?? '';
  if (revision && revision !== '0' && revision !== current.metadata.resourceVersion) {
    throw staleWrite(resource.subject(current.metadata.name));
  }
  const replicas = scale.spec?.replicas ?? 0;
  // Custom resources are validated as wholes, in words of their own.
  if (replicas < 0 && !resource.kind.custom) {
    throw invalid({ group: SCALE_KIND.group, kind: SCALE_KIND.kind, name: current.metadata.name }, [
      {
        reason: 'FieldValueInvalid',
        field: 'spec.replicas',
        message: `Invalid value: ${replicas}: must be greater than or equal to 0`,
      },
    ]);
  }
  const next: KubeObject = cloneJson<KubeObject>(current);
  writePath(next, spec.specReplicasPath, replicas);
  // Without the revision of the Scale the change applies to whatever stands there.
  const { resourceVersion: _any, ...rest } = next.metadata ?? {};
  next.metadata = revision && revision !== '0' ? { ...rest, resourceVersion: revision } : rest;
  return next;
}

function readPath(object: object, path: string): unknown {
  let value: unknown = object;
  for (const key of path.split('.')) value = isObject(value) ? value[key] : undefined;
  return value;
}

/** Sets what stands at a path without a leading dot, making what leads to it. */
export function writePath(object: object, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let target = object as JsonObject;
  for (const key of keys) {
    const child = target[key];
    const holder: JsonObject = isObject(child) ? child : {};
    target[key] = holder;
    target = holder;
  }
  target[last] = value;
}
