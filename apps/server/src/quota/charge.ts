import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { compareQuantities, parseQuantity } from '@wheelhouse/shared/meta/quantity';
import type { ResourceQuota, ScopedResourceSelectorRequirement } from 'kubernetes-types/core/v1';
import { type Amounts, addAmounts, pickAmounts, printAmounts, withoutAmounts, withoutZeros } from './amounts';
import type { Evaluator } from './evaluator';

/** An object that is about to be written. */
export interface Demand {
  readonly evaluator: Evaluator;
  readonly object: KubeObject;
  /** What stands there; undefined when it is created. */
  readonly previous: KubeObject | undefined;
}

export type Verdict =
  /** What the demand takes of the quota; often nothing. */
  { readonly amounts: Amounts } | { readonly refused: string };

function scopesOf({ spec }: ResourceQuota): ScopedResourceSelectorRequirement[] {
  return [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
}

/** Whether the object is among those that the quota speaks of. */
export function covers(quota: ResourceQuota, evaluator: Evaluator, object: KubeObject): boolean {
  return scopesOf(quota).every((scope) => evaluator.inScope(scope, object));
}

/** What an object takes of those names that the quota limits and the evaluator knows. */
export function usageWithin(
  hard: Amounts,
  quota: ResourceQuota,
  evaluator: Evaluator,
  object: KubeObject,
): Amounts {
  if (!covers(quota, evaluator, object)) return {};
  return pickAmounts(evaluator.usage(object), (name) => Object.hasOwn(hard, name) && evaluator.counts(name));
}

/** Decides by what the quota's controller has made known (`status.hard`), as Kubernetes does. */
export function judgeDemand(quota: ResourceQuota, { evaluator, object, previous }: Demand): Verdict {
  const hard = quota.status?.hard ?? {};
  const used = quota.status?.used ?? {};
  const name = quota.metadata?.name ?? '';
  const limited = Object.keys(hard).filter((one) => evaluator.counts(one));
  if (limited.length === 0 || !covers(quota, evaluator, object)) return { amounts: {} };
  const missing = evaluator.missing?.(object, limited);
  if (missing) return { refused: `failed quota: ${name}: ${missing}` };
  const unknown = limited.filter((one) => !Object.hasOwn(used, one));
  if (unknown.length > 0) {
    return {
      refused: `status unknown for quota: ${name}, resources: ${limited.sort().join(',')}`,
    };
  }
  const usage = evaluator.usage(object);
  const negative = Object.keys(usage).filter((one) => parseQuantity(usage[one] ?? '0').nanos < 0n);
  if (negative.length > 0) {
    return { refused: `quota usage is negative for resource(s): ${negative.sort().join(',')}` };
  }
  const delta = withoutZeros(previous ? withoutAmounts(usage, evaluator.usage(previous)) : usage);
  const amounts = pickAmounts(delta, (one) => Object.hasOwn(hard, one));
  const next = addAmounts(used, amounts);
  const exceeded = (one: string) =>
    Object.hasOwn(amounts, one) && compareQuantities(next[one] ?? '0', hard[one] ?? '0') > 0;
  if (Object.keys(amounts).some(exceeded)) {
    const [asked, taken, most] = [amounts, used, hard].map((list) =>
      printAmounts(pickAmounts(list, exceeded)),
    );
    return { refused: `exceeded quota: ${name}, requested: ${asked}, used: ${taken}, limited: ${most}` };
  }
  return { amounts };
}

/** The quota after something was taken from it. */
export function charged<T extends ResourceQuota>(quota: T, amounts: Amounts): T {
  return { ...quota, status: { ...quota.status, used: addAmounts(quota.status?.used ?? {}, amounts) } };
}

/** The quota after something was given back. */
export function released<T extends ResourceQuota>(quota: T, amounts: Amounts): T {
  return { ...quota, status: { ...quota.status, used: withoutAmounts(quota.status?.used ?? {}, amounts) } };
}
