import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { Entry } from './entry';

/**
 * Which objects of a resource a list or watch is about. Two selections with the same `id` select the same,
 * so that watchers can share one.
 */
export interface Selection {
  readonly id: string;
  /** Undefined selects all namespaces. */
  readonly namespace: string | undefined;
  /** Set when the selection can match one name only (`metadata.name=x`). */
  readonly name: string | undefined;
  /** What is left to ask of an object in the namespace and of the name; undefined: nothing. */
  readonly matches: ((object: Stored<KubeObject>) => boolean) | undefined;
  /** `matches` looks into fields of the kind's own form, into which objects have to be brought first. */
  readonly readsFields?: boolean;
}

export const EVERYTHING: Selection = { id: '', namespace: undefined, name: undefined, matches: undefined };

/** Cheapest questions first: an entry is parsed only when a selector has to look inside. */
export function selects(selection: Selection, entry: Entry): boolean {
  if (selection.namespace !== undefined && selection.namespace !== entry.namespace) return false;
  if (selection.name !== undefined && selection.name !== entry.name) return false;
  return selection.matches === undefined || selection.matches(entry.object);
}
