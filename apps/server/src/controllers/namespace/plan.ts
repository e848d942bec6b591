import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { NamespaceCondition, Pod } from 'kubernetes-types/core/v1';
import { isFinished } from '../machinery/pods';

/** What one look into a namespace that is being deleted has found. */
export interface Remains {
  readonly content: readonly { readonly type: ResourceType; readonly objects: readonly KubeObject[] }[];
  /** Why listing or deleting failed. */
  readonly failures: readonly string[];
}

/**
 * What is there although nothing holds it: pods whose grace periods are over, and anything else without finalizers.
 * Kubernetes counts that as a failure to delete.
 */
export function overdue(
  { content }: Remains,
  namespace: { readonly name: string; readonly deletedAt: Date },
  now: Date,
): string[] {
  return content
    .filter(
      ({ objects }) => objects.length > 0 && objects.every(({ metadata }) => !metadata?.finalizers?.length),
    )
    .filter(({ type, objects }) => {
      const graceMs = type.group === '' && type.plural === 'pods' ? longestGrace(objects) * 1000 : 0;
      return now.getTime() - namespace.deletedAt.getTime() >= graceMs;
    })
    .map(({ type }) => {
      const resource = `${type.group}/${type.version}, Resource=${type.plural}`;
      return `unexpected items still remain in namespace: ${namespace.name} for gvr: ${resource}`;
    });
}

/** In seconds; pods that have ended need none. */
function longestGrace(pods: readonly KubeObject[]): number {
  // Only called for the objects of the pods resource.
  const waiting = (pods as readonly Pod[]).filter((pod) => !isFinished(pod));
  return Math.max(0, ...waiting.map(({ spec }) => spec?.terminationGracePeriodSeconds ?? 0));
}

/** The conditions that tell people why a namespace is still there; undefined when it has just these. */
export function deletionConditions(
  remains: Remains,
  current: readonly NamespaceCondition[],
  now: Date,
): NamespaceCondition[] | undefined {
  const left = remains.content.filter(({ objects }) => objects.length > 0);
  const finalizers = new Map<string, number>();
  for (const { objects } of left) {
    for (const { metadata } of objects) {
      for (const name of metadata?.finalizers ?? []) finalizers.set(name, (finalizers.get(name) ?? 0) + 1);
    }
  }
  const values = [
    condition('NamespaceDeletionDiscoveryFailure', undefined, {
      no: ['ResourcesDiscovered', 'All resources successfully discovered'],
      yes: ['DiscoveryFailed', ''],
    }),
    condition('NamespaceDeletionGroupVersionParsingFailure', undefined, {
      no: ['ParsedGroupVersions', 'All legacy kube types successfully parsed'],
      yes: ['GroupVersionParsingFailed', ''],
    }),
    condition(
      'NamespaceDeletionContentFailure',
      remains.failures.length
        ? `${remains.failures.length} remaining: ${[...remains.failures].sort().join(', ')}`
        : undefined,
      {
        no: ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
        yes: ['ContentDeletionFailed', 'Failed to delete all resource types, '],
      },
    ),
    condition(
      'NamespaceContentRemaining',
      left.length
        ? left
            // The dot stands there for the core group too.
            .map(
              ({ type, objects }) => `${type.plural}.${type.group} has ${objects.length} resource instances`,
            )
            .sort()
            .join(', ')
        : undefined,
      {
        no: ['ContentRemoved', 'All content successfully removed'],
        yes: ['SomeResourcesRemain', 'Some resources are remaining: '],
      },
    ),
    condition(
      'NamespaceFinalizersRemaining',
      finalizers.size
        ? [...finalizers]
            .map(([name, count]) => `${name} in ${count} resource instances`)
            .sort()
            .join(', ')
        : undefined,
      {
        no: ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
        yes: ['SomeFinalizersRemain', 'Some content in the namespace has finalizers remaining: '],
      },
    ),
  ];
  return merge(values, current, now);
}

interface Value {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

function condition(
  type: string,
  problem: string | undefined,
  texts: { readonly no: readonly [string, string]; readonly yes: readonly [string, string] },
): Value {
  const [reason, message] = problem === undefined ? texts.no : [texts.yes[0], texts.yes[1] + problem];
  return { type, status: problem === undefined ? 'False' : 'True', reason, message };
}

function merge(
  values: readonly Value[],
  current: readonly NamespaceCondition[],
  now: Date,
): NamespaceCondition[] | undefined {
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  let changed = false;
  const next = [...current];
  for (const value of values) {
    const index = next.findIndex(({ type }) => type === value.type);
    const before = next[index];
    if (
      before &&
      before.status === value.status &&
      before.reason === value.reason &&
      before.message === value.message
    ) {
      continue;
    }
    changed = true;
    const lastTransitionTime = before?.status === value.status ? (before.lastTransitionTime ?? time) : time;
    if (index < 0) next.push({ ...value, lastTransitionTime });
    else next[index] = { ...value, lastTransitionTime };
  }
  return changed ? next : undefined;
}
