import { type Labels, selectorFromLabelSelector, selectorFromLabels } from '@wheelhouse/shared/meta/labels';
import type { LabelSelector } from '@wheelhouse/shared/meta/object';

export type { Labels };
export type LabelMatcher = (labels: Labels | undefined) => boolean;

const matchesNothing: LabelMatcher = () => false;

/** A map selector (services, replication controllers). Empty or absent matches nothing. */
export function mapMatcher(selector: Labels | undefined): LabelMatcher {
  const compiled = selectorFromLabels(selector);
  return compiled.isEmpty ? matchesNothing : compiled.matches;
}

/** A LabelSelector (apps kinds). Absent or empty matches nothing: a workload must not claim a whole namespace. */
export function selectorMatcher(selector: LabelSelector | undefined): LabelMatcher {
  const compiled = selectorFromLabelSelector(selector);
  return compiled.isEmpty ? matchesNothing : compiled.matches;
}
