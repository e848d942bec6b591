import { groupResourceOf, type ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { ResourceQuota } from 'kubernetes-types/core/v1';
import {
  type Amounts,
  addAmounts,
  isEmpty,
  pickAmounts,
  sameAmounts,
  withoutAmounts,
  withoutZeros,
} from '../../quota/amounts';
import { usageWithin } from '../../quota/charge';
import { evaluatorOf } from '../../quota/evaluator';

/** The objects of a namespace, by resource. */
export type Contents = ReadonlyMap<ResourceType, readonly Stored<KubeObject>[]>;

/** What all objects take of a quota's `spec.hard`; names that nobody knows are left out. */
export function totalUsage(quota: ResourceQuota, contents: Contents): Amounts {
  const hard = quota.spec?.hard ?? {};
  let total: Amounts = {};
  for (const [type, objects] of contents) {
    const evaluator = evaluatorOf(type);
    if (!evaluator) continue;
    const counted = Object.keys(hard).filter((name) => evaluator.counts(name));
    total = addAmounts(total, Object.fromEntries(counted.map((name) => [name, '0'])));
    for (const object of objects) {
      total = addAmounts(total, usageWithin(hard, quota, evaluator, object));
    }
  }
  return total;
}

/** What the quota gets back of an object that went, or that became smaller. */
export function releaseOf(
  quota: ResourceQuota,
  type: ResourceType,
  previous: KubeObject,
  next: KubeObject | undefined,
): Amounts {
  const hard = quota.status?.hard ?? {};
  const evaluator = evaluatorOf(type);
  if (!evaluator) return {};
  const before = usageWithin(hard, quota, evaluator, previous);
  if (isEmpty(before)) return {};
  const after = next ? usageWithin(hard, quota, evaluator, next) : {};
  return withoutZeros(withoutAmounts(before, after));
}

/** The status after a count of everything; undefined when it says so already. */
export function recounted(quota: ResourceQuota, contents: Contents): ResourceQuota['status'] | undefined {
  const hard = quota.spec?.hard ?? {};
  return changed(quota, { hard, used: totalUsage(quota, contents) });
}

/**
 * The status of a quota whose limits have changed: what was counted so far stays counted, since the admission of
 * objects that are on their way may have added to it; the rest is counted now.
 */
export function extended(quota: ResourceQuota, contents: Contents): ResourceQuota['status'] | undefined {
  const hard = quota.spec?.hard ?? {};
  const kept = pickAmounts(quota.status?.used ?? {}, (name) => Object.hasOwn(hard, name));
  return changed(quota, { hard, used: { ...totalUsage(quota, contents), ...kept } });
}

/** The status without what was given back. */
export function relieved(quota: ResourceQuota, amounts: Amounts): ResourceQuota['status'] | undefined {
  const { hard = {}, used = {} } = quota.status ?? {};
  return changed(quota, { hard, used: withoutAmounts(used, amounts) });
}

function changed(
  { status }: ResourceQuota,
  next: { hard: Amounts; used: Amounts },
): ResourceQuota['status'] | undefined {
  if (sameAmounts(status?.hard, next.hard) && sameAmounts(status?.used, next.used)) return undefined;
  return { hard: { ...next.hard }, used: { ...next.used } };
}

/** Whether the status speaks of other limits than the spec. */
export function isOutdated({ spec, status }: ResourceQuota): boolean {
  return !sameAmounts(spec?.hard ?? {}, status?.hard) || status?.used === undefined;
}

/** Two served forms of one resource count once. */
export function isSameResource(a: ResourceType, b: ResourceType): boolean {
  return groupResourceOf(a) === groupResourceOf(b);
}
