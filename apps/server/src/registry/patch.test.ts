import { ApiError } from '@wheelhouse/shared/errors';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import { describe, expect, it } from 'vitest';
import { applyPatch, type PatchRequest } from './patch';

const SCHEMA = 'io.k8s.api.core.v1.ConfigMap';
const KIND = { kind: 'ConfigMap', apiVersion: 'v1' };
// What is stored has more metadata, which patches do not look at here.
const live = { ...KIND, metadata: { name: 'cm' }, data: { a: '1' } } as unknown as Stored<KubeObject>;

function patched(type: PatchRequest['type'], body: unknown, custom = false) {
  return applyPatch(SCHEMA, { ...KIND, custom }, live, { type, body });
}

function refusal(type: PatchRequest['type'], body: unknown, custom = false) {
  try {
    patched(type, body, custom);
  } catch (error) {
    return error instanceof ApiError ? `${error.reason} ${error.message}` : String(error);
  }
  return 'none';
}

describe('what a patch says of the kind', () => {
  it('is not looked at in a strategic merge', () => {
    expect(patched('strategic', { kind: 'Zzz', apiVersion: null })).toMatchObject(KIND);
    expect(refusal('strategic', { kind: {} })).toMatch(/^Invalid .*patch/);
  });

  it('is filled in where a merge or JSON patch takes the kind away', () => {
    expect(patched('merge', { kind: '' })).toMatchObject(KIND);
    expect(patched('json', [{ op: 'remove', path: '/kind' }])).toMatchObject(KIND);
  });

  it('loses the name with the version', () => {
    const words =
      'BadRequest the name of the object (cm based on URL) was undeterminable: name must be provided';
    expect(refusal('merge', { apiVersion: null })).toBe(words);
    expect(refusal('json', [{ op: 'replace', path: '/apiVersion', value: '' }])).toBe(words);
  });

  it('cannot be another one', () => {
    expect(refusal('merge', { kind: 'Secret' })).toMatch(/^Invalid .*patch: Invalid value: no kind "Secret"/);
    expect(refusal('merge', { apiVersion: 'v2' })).toMatch(/^Invalid .*patch: Invalid value/);
  });

  it('of a custom resource has to be said, and is told by its own fields', () => {
    expect(refusal('merge', { kind: null }, true)).toMatch(/^Invalid .*patch: Invalid value/);
    expect(refusal('merge', { kind: 'Secret' }, true)).toMatch(
      /^Invalid .*Secret.* kind: Invalid value: "Secret"/,
    );
    expect(refusal('merge', { apiVersion: 'x/v2' }, true)).toMatch(
      /^Invalid .*apiVersion: Invalid value: "x.v2"/,
    );
  });
});
