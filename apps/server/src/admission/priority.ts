import { forbidden } from '@wheelhouse/shared/errors';
import {
  type PriorityClass,
  priorityClassKind,
  SYSTEM_PRIORITY_CLASSES,
} from '@wheelhouse/shared/kinds/scheduling/priority-class';
import type { Pod } from 'kubernetes-types/core/v1';
import type { AdmissionAttributes, AdmissionPlugin } from './admission';
import { writtenPod } from './pod-attributes';

/**
 * Turns a pod's priority class into its number and its policy; pods that name none get the default class, should
 * there be one. Clients may not choose numbers of their own. Of the classes only one can be the default.
 */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  admit(attributes) {
    const written = writtenPod(attributes);
    const spec = written?.pod.spec;
    if (!spec) return;
    const { pod, previous } = written;
    if (previous) {
      // A replacement that leaves the numbers out keeps them; that they may not change is the kind's rule.
      spec.priority ??= previous.spec?.priority;
      spec.preemptionPolicy ??= previous.spec?.preemptionPolicy;
      return;
    }
    const name = spec.priorityClassName;
    const cached = name ? cachedClass(attributes, name) : cachedDefault(attributes);
    if (cached !== 'unknown') return apply(attributes, pod, cached);
    // Not seen yet, or there is none: only a current answer can tell.
    return currentClasses(attributes).then((all) =>
      apply(attributes, pod, name ? all.find(({ metadata }) => metadata?.name === name) : defaultOf(all)),
    );
  },
  async validate(attributes) {
    const { operation, object, name, kind, subresource } = attributes;
    if (kind.group !== priorityClassKind.group || kind.plural !== priorityClassKind.plural) return;
    if (subresource !== undefined || (operation !== 'create' && operation !== 'update')) return;
    // Objects of the priorityclasses resource are priority classes.
    if (!(object as PriorityClass | undefined)?.globalDefault) return;
    const known = defaultOf(await currentClasses(attributes));
    if (!known || known.metadata?.name === name) return;
    throw forbidden(
      { group: kind.group, kind: kind.plural, name },
      `PriorityClass ${known.metadata?.name} is already marked as default. Only one default can exist`,
    );
  },
};

function apply(
  { refusalName: name }: AdmissionAttributes,
  pod: Pod,
  chosen: PriorityClass | undefined,
): void {
  const { spec } = pod;
  if (!spec) return;
  const subject = { kind: 'pods', name };
  if (spec.priorityClassName && !chosen) {
    throw forbidden(subject, `no PriorityClass with name ${spec.priorityClassName} was found`);
  }
  const value = chosen?.value ?? 0;
  const policy = chosen?.preemptionPolicy ?? 'PreemptLowerPriority';
  if (spec.priority !== undefined && spec.priority !== value) {
    throw forbidden(
      subject,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    throw forbidden(
      subject,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  if (chosen?.metadata?.name) spec.priorityClassName = chosen.metadata.name;
  spec.priority = value;
  spec.preemptionPolicy = policy;
}

function cachedClass({ reader }: AdmissionAttributes, name: string): PriorityClass | 'unknown' {
  return (
    reader.cached?.(priorityClassKind, { name }) ??
    SYSTEM_PRIORITY_CLASSES.find(({ metadata }) => metadata?.name === name) ??
    'unknown'
  );
}

function cachedDefault({ reader }: AdmissionAttributes): PriorityClass | undefined | 'unknown' {
  return reader.cachedList ? defaultOf(reader.cachedList(priorityClassKind)) : 'unknown';
}

function currentClasses({ reader }: AdmissionAttributes): Promise<readonly PriorityClass[]> {
  return reader.list(priorityClassKind);
}

/** Should there be several after all, the least of them. */
function defaultOf(classes: readonly PriorityClass[]): PriorityClass | undefined {
  return classes.reduce<PriorityClass | undefined>(
    (best, one) => (one.globalDefault && (!best || one.value < best.value) ? one : best),
    undefined,
  );
}
