import { forbidden } from '@wheelhouse/shared/errors';
import type { AdmissionPlugin } from './admission';
import { writtenPod } from './pod-attributes';

/** The two classes that exist in every cluster. */
const SYSTEM_CLASSES: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);

/** Turns a pod's priority class into its number. Clients may not choose numbers of their own. */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  admit(attributes) {
    const written = writtenPod(attributes);
    const spec = written?.pod.spec;
    if (!spec) return;
    if (written.previous) {
      // A replacement that leaves the numbers out keeps them; that they may not change is the kind's rule.
      spec.priority ??= written.previous.spec?.priority;
      spec.preemptionPolicy ??= written.previous.spec?.preemptionPolicy;
      return;
    }
    const name = spec.priorityClassName;
    const value = name ? SYSTEM_CLASSES.get(name) : 0;
    const subject = { kind: 'pods', name: attributes.name };
    if (value === undefined) throw forbidden(subject, `no PriorityClass with name ${name} was found`);
    if (spec.priority !== undefined && spec.priority !== value)
      throw forbidden(
        subject,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    spec.priority = value;
    spec.preemptionPolicy ??= 'PreemptLowerPriority';
  },
};
