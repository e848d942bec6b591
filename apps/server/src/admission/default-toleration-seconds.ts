import type { Toleration } from 'kubernetes-types/core/v1';
import type { AdmissionPlugin } from './admission';
import { writtenPod } from './pod-attributes';

const TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const;

/**
 * Pods tolerate failing nodes for `seconds` (Kubernetes: 300) before they are evicted; a pod with an answer of its
 * own keeps it.
 */
export function defaultTolerationSeconds(seconds: number): AdmissionPlugin {
  return {
    name: 'DefaultTolerationSeconds',
    admit(attributes) {
      const spec = writtenPod(attributes)?.pod.spec;
      if (!spec) return;
      const present = spec.tolerations ?? [];
      const missing = TAINTS.filter((key) => !present.some((toleration) => speaksOf(toleration, key)));
      if (missing.length)
        spec.tolerations = [...present, ...missing.map((key) => tolerationOf(key, seconds))];
    },
  };
}

/** A toleration without key or effect speaks of all of them. */
function speaksOf(toleration: Toleration, key: string): boolean {
  return (
    (toleration.key === key || !toleration.key) && (toleration.effect === 'NoExecute' || !toleration.effect)
  );
}

function tolerationOf(key: string, seconds: number): Toleration {
  return { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds };
}
