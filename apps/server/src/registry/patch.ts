import { badRequest, invalid } from '@wheelhouse/shared/errors';
import { invalidValue } from '@wheelhouse/shared/meta/field-error';
import { isObject, type JsonObject } from '@wheelhouse/shared/meta/json';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import { applyJsonPatch } from '@wheelhouse/shared/patch/json-patch';
import { applyMergePatch } from '@wheelhouse/shared/patch/merge-patch';
import { applyStrategicMergePatch } from '@wheelhouse/shared/patch/strategic-merge';
import { unnamed } from './update';

export interface PatchRequest {
  readonly type: 'json' | 'merge' | 'strategic' | 'apply';
  readonly body: unknown;
  /** How much was sent. */
  readonly bytes?: number;
  /** What strict field validation has to say about the text of the body. */
  readonly problems?: readonly string[];
}

/** What the patched object is. */
interface PatchedKind {
  readonly kind: string;
  readonly apiVersion: string;
  /** Made by a definition: without a type in the program to fall back on. */
  readonly custom?: boolean;
}

/** Applies a patch to a frozen object; the result is a private, undecoded value. Throws for refusals. */
export function applyPatch(
  schema: string,
  kind: PatchedKind,
  current: Stored<KubeObject>,
  patch: PatchRequest,
): JsonObject {
  const value = patchedValue(schema, current, patch);
  if (!isObject(value)) throw badRequest('the patched document is not an object');
  if (kind.custom) refuseOtherKind(kind, value, current.metadata.name);
  const patched = kind.custom ? value : typed(kind, value, patch, current.metadata.name);
  if (patched.kind !== kind.kind || patched.apiVersion !== kind.apiVersion) {
    throw invalid({ kind: '', name: '' }, [
      {
        reason: 'FieldValueInvalid',
        field: 'patch',
        message: `Invalid value: no kind ${JSON.stringify(patched.kind)} is registered for version ${JSON.stringify(patched.apiVersion)} here: a patch cannot change what an object is`,
      },
    ]);
  }
  return patched;
}

/**
 * What a patch says of the kind of an object with a type of its own. A strategic merge makes a value of that type,
 * whatever name it gives. The others are decoded: a kind that is not said is the object's, but Kubernetes reads an object
 * of no version in its internal form, which has no `metadata`, and so finds no name.
 */
function typed(kind: PatchedKind, value: JsonObject, patch: PatchRequest, name: string): JsonObject {
  if (patch.type === 'strategic') {
    const isText = (said: unknown) => isUnsaid(said) || typeof said === 'string';
    if (!isText(value.kind) || !isText(value.apiVersion)) return value;
    return { ...value, kind: kind.kind, apiVersion: kind.apiVersion };
  }
  if (isUnsaid(value.apiVersion) && (isUnsaid(value.kind) || value.kind === kind.kind)) throw unnamed(name);
  return isUnsaid(value.kind) ? { ...value, kind: kind.kind } : value;
}

/** A custom resource that says that it is something else is one that is not valid. */
function refuseOtherKind(kind: PatchedKind, value: JsonObject, name: string): void {
  const said = { apiVersion: value.apiVersion, kind: value.kind };
  if (typeof said.kind !== 'string' || typeof said.apiVersion !== 'string') return;
  if (said.kind === '' || said.apiVersion === '') return;
  const errors = (['apiVersion', 'kind'] as const)
    .filter((field) => said[field] !== kind[field])
    .map((field) => invalidValue(field, said[field], `must be ${kind[field]}`));
  const group = said.apiVersion.includes('/') ? said.apiVersion.split('/')[0] : '';
  if (errors.length > 0) throw invalid({ group, kind: said.kind, name }, errors);
}

function isUnsaid(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function patchedValue(schema: string, current: Stored<KubeObject>, patch: PatchRequest): unknown {
  switch (patch.type) {
    case 'json':
      return applyJsonPatch(current, patch.body);
    case 'merge':
      return applyMergePatch(current, patch.body);
    case 'strategic':
      return applyStrategicMergePatch(current, patch.body, schema);
    case 'apply':
      throw new Error('an apply is no patch of an object: see apply.ts');
  }
}
