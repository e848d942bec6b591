import { createHash } from 'node:crypto';
import type { KindDefinition, ResourceType } from '@wheelhouse/shared/meta/kind';

const hashes = new Map<string, string>();

/** Eight bytes of a hash over the group, version and kind in which objects are stored, as Kubernetes makes it. */
export function storageVersionHash(kind: KindDefinition): string {
  const { group, version, kind: name }: ResourceType = kind.storedAs ?? kind;
  const text = `${group}/${version}/${name}`;
  const known = hashes.get(text);
  if (known) return known;
  const hash = createHash('sha256').update(text).digest().subarray(0, 8).toString('base64');
  hashes.set(text, hash);
  return hash;
}
