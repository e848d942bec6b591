import type { Affinity, NodeSelectorTerm, Pod, PodSpec } from 'kubernetes-types/core/v1';
import { type FieldError, forbidden, invalidValue } from '../../meta/field-error';
import { equalJson } from '../../meta/json';

const RULE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
const ONLY_ADDITIONS = 'only additions are allowed (no mutations or deletions)';

/** A running pod is what it is: only images, a shorter deadline and further tolerations may come. */
export function validatePodUpdate(next: Pod, previous: Pod): FieldError[] {
  const spec = next.spec ?? { containers: [] };
  const before = previous.spec ?? { containers: [] };
  for (const list of ['containers', 'initContainers'] as const) {
    if ((spec[list] ?? []).length !== (before[list] ?? []).length) {
      return [forbidden(`spec.${list}`, 'pod updates may not add or remove containers')];
    }
  }
  const deadline = validateDeadline(spec.activeDeadlineSeconds, before.activeDeadlineSeconds);
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return deadline;
  const errors = [
    ...deadline,
    ...validateAddedTolerations(spec, before),
    ...validateRemovedGates(spec, before),
  ];
  const munged = structuredClone(spec);
  for (const list of ['containers', 'initContainers'] as const) {
    munged[list]?.forEach((container, i) => {
      container.image = before[list]?.[i]?.image;
    });
  }
  munged.activeDeadlineSeconds = before.activeDeadlineSeconds;
  munged.tolerations = before.tolerations;
  munged.schedulingGates = before.schedulingGates;
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && munged.terminationGracePeriodSeconds === 1) {
    munged.terminationGracePeriodSeconds = before.terminationGracePeriodSeconds;
  }
  // While a gate is left, the pod's place in the cluster may still be narrowed.
  if (before.schedulingGates?.length) {
    errors.push(...validateNarrowed(spec, before));
    munged.nodeSelector = before.nodeSelector;
    munged.affinity = withNodeAffinityOf(munged.affinity, before.affinity);
  }
  if (!equalJson(munged, before)) errors.push(forbidden('spec', RULE));
  return errors;
}

function validateDeadline(next: number | undefined, previous: number | undefined): FieldError[] {
  if (next === previous) return [];
  const field = 'spec.activeDeadlineSeconds';
  if (next === undefined) {
    return [invalidValue(field, null, 'must not update from a positive integer to nil value')];
  }
  return previous !== undefined && next > previous
    ? [invalidValue(field, next, 'must be less than or equal to previous value')]
    : [];
}

function validateAddedTolerations(spec: PodSpec, before: PodSpec): FieldError[] {
  const kept = (before.tolerations ?? []).every((old) =>
    spec.tolerations?.some((toleration) =>
      equalJson({ ...toleration, tolerationSeconds: undefined }, { ...old, tolerationSeconds: undefined }),
    ),
  );
  return kept
    ? []
    : [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

/** Gates only ever fall. */
function validateRemovedGates(spec: PodSpec, before: PodSpec): FieldError[] {
  const known = new Set((before.schedulingGates ?? []).map(({ name }) => name));
  return (spec.schedulingGates ?? []).flatMap(({ name }, i) =>
    known.has(name)
      ? []
      : [
          forbidden(
            `spec.schedulingGates[${i}].name`,
            `only deletion is allowed, but found new scheduling gate '${name}'`,
          ),
        ],
  );
}

/** A place can only be narrowed: labels are added, and requirements to the terms that there are. */
function validateNarrowed(spec: PodSpec, before: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  const selector = spec.nodeSelector ?? {};
  if (Object.entries(before.nodeSelector ?? {}).some(([key, value]) => selector[key] !== value)) {
    errors.push(
      invalidValue(
        'spec.nodeSelector',
        selector,
        'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      ),
    );
  }
  const was = requiredTerms(before.affinity);
  const now = requiredTerms(spec.affinity);
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  if (was.length === 0) return errors;
  if (was.length !== now.length) {
    const why = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    return [...errors, invalidValue(path, now, why)];
  }
  was.forEach((term, i) => {
    if (!addsTo(now[i] ?? {}, term)) errors.push(invalidValue(`${path}[${i}]`, now[i], ONLY_ADDITIONS));
  });
  return errors;
}

const requiredTerms = (affinity: Affinity | undefined): readonly NodeSelectorTerm[] =>
  affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];

/** Whether `now` begins with all that `was` says. A term that says nothing stays so: it matches no node. */
function addsTo(now: NodeSelectorTerm, was: NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const;
  if (lists.every((list) => !was[list]?.length)) return lists.every((list) => !now[list]?.length);
  return lists.every((list) => {
    const old = was[list] ?? [];
    return equalJson((now[list] ?? []).slice(0, old.length), old);
  });
}

/** The affinity with the choice of nodes of another one; undefined when nothing is left of it. */
function withNodeAffinityOf(
  affinity: Affinity | undefined,
  other: Affinity | undefined,
): Affinity | undefined {
  const { nodeAffinity: _narrowed, ...rest } = affinity ?? {};
  const result = other?.nodeAffinity ? { ...rest, nodeAffinity: other.nodeAffinity } : rest;
  return Object.keys(result).length > 0 ? result : other && {};
}
