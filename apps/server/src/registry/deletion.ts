import type { DeleteOptions } from '@wheelhouse/shared/client/client';
import { cloneJson } from '@wheelhouse/shared/meta/json';
import type { KindDefinition } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';

/** What a DELETE does to the object that stands there. */
export type DeletionPlan =
  /** It is on its way out already and the request adds nothing. */
  | { readonly action: 'none' }
  /** It stays, marked, until its grace has passed or its finalizers are gone. */
  | { readonly action: 'mark'; readonly next: KubeObject }
  /** A graceful kind deleted without grace: watchers see the mark, then the removal. */
  | { readonly action: 'mark-and-remove'; readonly next: KubeObject }
  /** `last`: how a graceful kind answers, as if it had been marked before. */
  | { readonly action: 'remove'; readonly last?: KubeObject };

export const ORPHAN_FINALIZER = 'orphan';
export const FOREGROUND_FINALIZER = 'foregroundDeletion';

interface Options extends DeleteOptions {
  /** The deprecated form of propagationPolicy. */
  readonly orphanDependents?: boolean;
}

/** Decides purely; `now` is the time of the request. Preconditions have been checked before. */
export function planDeletion(
  kind: KindDefinition,
  current: Stored<KubeObject>,
  options: Options,
  now: Date,
): DeletionPlan {
  const { metadata } = current;
  const deleting = metadata.deletionTimestamp !== undefined;
  const graceful = kind.gracefulDeletion !== undefined;
  const finalizers = finalizersAfter(kind, metadata.finalizers ?? [], options);
  const held = finalizers.length > 0 || namespaceFinalizers(current).length > 0;

  if (deleting) {
    const left = metadata.deletionGracePeriodSeconds ?? 0;
    const asked = options.gracePeriodSeconds;
    // Grace may only be shortened.
    if (graceful && left > 0) {
      if (asked === undefined || normalGrace(asked) >= left) return { action: 'none' };
      return settle(mark(current, finalizers, normalGrace(asked), now, true), normalGrace(asked), held);
    }
    if (!held) return { action: 'remove' };
    return sameNames(finalizers, metadata.finalizers ?? [])
      ? { action: 'none' }
      : { action: 'mark', next: withFinalizers(cloneJson<KubeObject>(current), finalizers) };
  }
  if (kind.beginDeletion) {
    const next = mark(current, finalizers, 0, now, false);
    // Such a kind knows no grace, and nothing that is wanted has changed.
    const { deletionGracePeriodSeconds: _grace, ...metadata } = next.metadata ?? {};
    next.metadata = current.metadata.generation
      ? { ...metadata, generation: current.metadata.generation }
      : metadata;
    kind.beginDeletion(next, { now });
    return { action: 'mark', next };
  }
  if (!graceful) {
    return held ? { action: 'mark', next: mark(current, finalizers, 0, now, false) } : { action: 'remove' };
  }
  const usual = kind.gracefulDeletion?.(current);
  // Nobody runs it yet, so nobody needs to be told before it goes.
  if (usual === undefined && !held)
    return { action: 'remove', last: mark(current, finalizers, 0, now, false) };
  const grace = usual === undefined ? 0 : normalGrace(options.gracePeriodSeconds ?? usual);
  return settle(mark(current, finalizers, grace, now, false), grace, held);
}

function settle(next: KubeObject, grace: number, held: boolean): DeletionPlan {
  return grace > 0 || held ? { action: 'mark', next } : { action: 'mark-and-remove', next };
}

/** Negative periods count as one second, as since Kubernetes 1.27. */
function normalGrace(seconds: number): number {
  return seconds < 0 ? 1 : seconds;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

/**
 * Which finalizers the propagation policy leaves the object with. A second request may still change its mind about
 * dependents, unless the grace that the first gave goes on.
 */
function finalizersAfter(
  kind: KindDefinition,
  finalizers: readonly string[],
  options: Options,
): readonly string[] {
  const policy = policyOf(kind, finalizers, options);
  const others = finalizers.filter((name) => name !== ORPHAN_FINALIZER && name !== FOREGROUND_FINALIZER);
  if (policy === 'Orphan') return [...others, ORPHAN_FINALIZER];
  if (policy === 'Foreground') return [...others, FOREGROUND_FINALIZER];
  return others;
}

/** The request decides, then a finalizer that is there already, then the kind. */
function policyOf(
  kind: KindDefinition,
  finalizers: readonly string[],
  options: Options,
): 'Background' | 'Foreground' | 'Orphan' {
  if (options.propagationPolicy) return options.propagationPolicy;
  if (options.orphanDependents !== undefined) return options.orphanDependents ? 'Orphan' : 'Background';
  if (finalizers.includes(ORPHAN_FINALIZER)) return 'Orphan';
  if (finalizers.includes(FOREGROUND_FINALIZER)) return 'Foreground';
  return kind.defaultPropagation === 'orphan' ? 'Orphan' : 'Background';
}

/** Namespaces have finalizers of their own in the spec. */
export function namespaceFinalizers(object: KubeObject): readonly string[] {
  if (object.kind !== 'Namespace') return [];
  const { spec } = object as { spec?: { finalizers?: string[] } };
  return spec?.finalizers ?? [];
}

/** True for an object whose last hold was just removed. */
export function isReleased(next: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = next.metadata ?? {};
  return (
    deletionTimestamp !== undefined &&
    (deletionGracePeriodSeconds ?? 0) === 0 &&
    (finalizers ?? []).length === 0 &&
    namespaceFinalizers(next).length === 0
  );
}

/** In place. */
function withFinalizers(object: KubeObject, finalizers: readonly string[]): KubeObject {
  const { finalizers: _before, ...metadata } = object.metadata ?? {};
  object.metadata = finalizers.length > 0 ? { ...metadata, finalizers: [...finalizers] } : metadata;
  return object;
}

function mark(
  current: Stored<KubeObject>,
  finalizers: readonly string[],
  grace: number,
  now: Date,
  again: boolean,
): KubeObject {
  const next: KubeObject = cloneJson<KubeObject>(current);
  const metadata = { ...next.metadata };
  // A shorter grace counts from the first request, so that asking twice cannot extend it.
  const start =
    again && metadata.deletionTimestamp
      ? Math.min(
          now.getTime(),
          Date.parse(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000,
        )
      : now.getTime();
  const end = again ? Math.max(start + grace * 1000, now.getTime()) : start + grace * 1000;
  metadata.deletionTimestamp = `${new Date(end).toISOString().slice(0, 19)}Z`;
  if (next.kind !== 'Namespace') metadata.deletionGracePeriodSeconds = grace;
  if (!again && metadata.generation) metadata.generation += 1;
  next.metadata = metadata;
  withFinalizers(next, finalizers);
  if (next.kind === 'Namespace') {
    const namespace = next as { status?: { phase?: string } };
    namespace.status = { ...namespace.status, phase: 'Terminating' };
  }
  return next;
}
