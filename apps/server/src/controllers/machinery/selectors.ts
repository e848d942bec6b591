import type { LabelSelector } from '@wheelhouse/shared/meta/object';

export type Labels = Readonly<Record<string, string>>;
export type LabelMatcher = (labels: Labels | undefined) => boolean;

/** A map selector (services, replication controllers). Empty or absent matches nothing. */
export function mapMatcher(selector: Labels | undefined): LabelMatcher {
  const wanted = Object.entries(selector ?? {});
  if (wanted.length === 0) return () => false;
  return (labels = {}) => wanted.every(([key, value]) => has(labels, key) && labels[key] === value);
}

/** A LabelSelector (apps kinds). Absent or empty matches nothing: a workload must not claim a whole namespace. */
export function selectorMatcher(selector: LabelSelector | undefined): LabelMatcher {
  const equal = Object.entries(selector?.matchLabels ?? {});
  const expressions = selector?.matchExpressions ?? [];
  if (equal.length === 0 && expressions.length === 0) return () => false;
  return (labels = {}) =>
    equal.every(([key, value]) => has(labels, key) && labels[key] === value) &&
    expressions.every(({ key, operator, values = [] }) => {
      const value = has(labels, key) ? labels[key] : undefined;
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
        default:
          return false;
      }
    });
}

/** Own properties only: a label key may be `constructor`. */
const has = (labels: Labels, key: string) => Object.hasOwn(labels, key);
