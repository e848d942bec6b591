import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { sameJson } from '../machinery/same-json';

export const HASH_LABEL = 'pod-template-hash';

/** Letters and digits that form no words and are not mistaken for one another; as in Kubernetes' names. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * A short text that differs for different templates, with high likelihood; `collisions` (the Deployment's
 * `collisionCount`) gives another one when it did not. The same on every run.
 */
export function templateHash(template: PodTemplateSpec | undefined, collisions: number): string {
  const text = `${JSON.stringify(sorted(withoutHash(template)))}/${collisions}`;
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return [...String(hash)].map((digit) => SAFE[digit.charCodeAt(0) % SAFE.length]).join('');
}

/** Equal but for the hash label, which only the copy in a ReplicaSet carries. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return sameJson(withoutHash(a), withoutHash(b));
}

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const { [HASH_LABEL]: _, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}

/** Keys in order, undefined members left out: equal documents give equal texts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, member]) => [key, sorted(member)]);
}
