import type { Stored } from '@wheelhouse/shared/meta/object';
import type { ControllerRevision } from 'kubernetes-types/apps/v1';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { sameJson } from '../machinery/same-json';

export type StoredRevision = Stored<ControllerRevision>;

/**
 * What a revision stores of a StatefulSet or DaemonSet: a strategic merge patch that brings the template back, which
 * is how `kubectl rollout undo` uses it.
 */
export interface RevisionData {
  readonly spec: { readonly template: PodTemplateSpec & { readonly $patch: 'replace' } };
}

export function revisionData(template: PodTemplateSpec | undefined): RevisionData {
  return { spec: { template: { ...template, $patch: 'replace' } } };
}

/** The template that a revision stores. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec | undefined {
  if (!isRevisionData(data)) return undefined;
  const { $patch: _, ...template } = data.spec.template;
  return template;
}

function isRevisionData(data: unknown): data is RevisionData {
  if (typeof data !== 'object' || data === null || !('spec' in data)) return false;
  const { spec } = data;
  if (typeof spec !== 'object' || spec === null || !('template' in spec)) return false;
  return typeof spec.template === 'object' && spec.template !== null;
}

export type RevisionStep =
  /** The newest revision is that of the template. */
  | { readonly kind: 'found'; readonly revision: StoredRevision }
  /** An older one is, after a rollback: it becomes the newest. */
  | { readonly kind: 'renumber'; readonly revision: StoredRevision; readonly number: number }
  | { readonly kind: 'create'; readonly number: number };

/** How the history comes to have the revision of `data` as its newest. */
export function planRevision(revisions: readonly StoredRevision[], data: RevisionData): RevisionStep {
  const ordered = byNumber(revisions);
  const newest = ordered.at(-1);
  const number = (newest?.revision ?? 0) + 1;
  const equal = ordered.filter((revision) => sameJson(revision.data, data)).at(-1);
  if (!equal) return { kind: 'create', number };
  if (equal === newest) return { kind: 'found', revision: equal };
  return { kind: 'renumber', revision: equal, number };
}

/** Which revisions the limit counts: those that no pod uses (StatefulSets), or all but the newest (DaemonSets). */
export type LimitedRevisions = 'idle' | 'old';

/** Revisions that no pod uses beyond the limit, the oldest first. */
export function beyondLimit(
  revisions: readonly StoredRevision[],
  inUse: ReadonlySet<string>,
  { limit, limited }: { readonly limit: number; readonly limited: LimitedRevisions },
): StoredRevision[] {
  const living = byNumber(revisions).filter(({ metadata }) => !metadata.deletionTimestamp);
  const idle = living.filter(({ metadata }) => !inUse.has(metadata.name));
  const counted = limited === 'idle' ? idle.length : living.length - 1;
  return idle.slice(0, Math.max(0, counted - limit));
}

/** Oldest first; names decide between equals, as numbers can be equal after an adoption. */
function byNumber(revisions: readonly StoredRevision[]): StoredRevision[] {
  return [...revisions].sort(
    (a, b) => a.revision - b.revision || (a.metadata.name < b.metadata.name ? -1 : 1),
  );
}
