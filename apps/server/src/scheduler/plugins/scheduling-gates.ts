import type { Plugin } from '../framework/plugin';

export const GATED_MESSAGE = 'Scheduling is blocked due to non-empty scheduling gates';

/** A gated pod is not looked at before its last gate is gone. (The queue leaves it out for the same reason.) */
export const schedulingGates: Plugin = {
  name: 'SchedulingGates',

  preEnqueue({ pod }) {
    return isGated(pod) ? GATED_MESSAGE : undefined;
  },

  preFilter({ pod }) {
    return isGated(pod.pod)
      ? { kind: 'reject', rejection: { reasons: [GATED_MESSAGE], unresolvable: true } }
      : { kind: 'skip' };
  },
};

export function isGated(pod: { readonly spec?: { readonly schedulingGates?: readonly unknown[] } }): boolean {
  return (pod.spec?.schedulingGates?.length ?? 0) > 0;
}
