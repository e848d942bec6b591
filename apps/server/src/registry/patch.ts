import { badRequest, invalid } from '@wheelhouse/shared/errors';
import { isObject, type JsonObject } from '@wheelhouse/shared/meta/json';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import { applyJsonPatch } from '@wheelhouse/shared/patch/json-patch';
import { applyMergePatch } from '@wheelhouse/shared/patch/merge-patch';
import { applyStrategicMergePatch } from '@wheelhouse/shared/patch/strategic-merge';

export interface PatchRequest {
  readonly type: 'json' | 'merge' | 'strategic' | 'apply';
  readonly body: unknown;
  /** What strict field validation has to say about the text of the body. */
  readonly problems?: readonly string[];
}

/** Applies a patch to a frozen object; the result is a private, undecoded value. Throws for refusals. */
export function applyPatch(
  schema: string,
  kind: { readonly kind: string; readonly apiVersion: string },
  current: Stored<KubeObject>,
  patch: PatchRequest,
): JsonObject {
  const patched = patchedValue(schema, current, patch);
  if (!isObject(patched)) throw badRequest('the patched document is not an object');
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
