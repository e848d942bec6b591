import { badRequest } from '../errors';
import { cloneJson, isObject, type JsonObject, setOwn } from '../meta/json';

/** Deeper than any object; keeps hostile patches from exhausting the stack. */
const MAX_DEPTH = 500;

/**
 * Applies a JSON merge patch (RFC 7396) to a copy of `document`: objects merge, null removes, everything else
 * replaces. A patch that is no object is a BadRequest, since no API object could come of it.
 */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) throw badRequest('error decoding patch: a merge patch must be an object');
  return merge(document, patch, MAX_DEPTH);
}

function merge(target: unknown, patch: JsonObject, depth: number): JsonObject {
  if (depth === 0) throw badRequest('the patch is nested too deeply');
  const result: JsonObject = {};
  const base = isObject(target) ? target : {};
  for (const key of Object.keys(base)) {
    if (!Object.hasOwn(patch, key)) setOwn(result, key, cloneJson(base[key]));
    else if (patch[key] !== null) setOwn(result, key, mergeValue(base[key], patch[key], depth));
  }
  for (const key of Object.keys(patch)) {
    if (patch[key] !== null && !Object.hasOwn(base, key))
      setOwn(result, key, mergeValue(undefined, patch[key], depth));
  }
  return result;
}

function mergeValue(target: unknown, patch: unknown, depth: number): unknown {
  return isObject(patch) ? merge(target, patch, depth - 1) : cloneJson(patch);
}
