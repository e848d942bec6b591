import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Container, Pod, PodSpec } from 'kubernetes-types/core/v1';
import type { ContainerStatus, ObservedPod } from '../../runtime/runtime';
import type { Backoff } from './restart-backoff';

/** What the probes say about one run of a container; a run without probes is started and ready. */
export interface ContainerHealth {
  readonly started: boolean;
  readonly ready: boolean;
  /** A liveness or startup probe has failed for good: the run must end. */
  readonly failed?: { readonly probe: 'liveness' | 'startup'; readonly message: string };
}

/** Why a container does not run, as `state.waiting` shows it. */
export interface WaitingReason {
  readonly reason: string;
  readonly message?: string;
}

/** Everything that decisions about one pod depend on. */
export interface PodView {
  readonly pod: Stored<Pod>;
  readonly observed: ObservedPod;
  /** By container id; a run that is missing here has no verdict yet. */
  readonly health: ReadonlyMap<string, ContainerHealth>;
  /** By container name. */
  readonly backoffs: ReadonlyMap<string, Backoff>;
  /** By container name: what the last try to start it ended with. */
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  /** The pod was turned away or ran into a limit: it ends as Failed with this. */
  readonly failure?: WaitingReason;
  /** The failure is that the node did not take the pod: nothing was ever made for it. */
  readonly rejected?: boolean;
  /** The pod is being deleted: nothing starts again, so what stopped has ended. */
  readonly ending?: boolean;
  /** When the kubelet first saw it, RFC 3339. */
  readonly startTime: string;
}

export function specOf(pod: Pod): PodSpec {
  if (!pod.spec) throw new Error(`pod ${pod.metadata?.namespace}/${pod.metadata?.name} has no spec`);
  return pod.spec;
}

/** Kubernetes calls an init container with `restartPolicy: Always` a sidecar: it stays while the pod lives. */
export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/** Containers that somebody added to look at the running pod. They have a subset of a container's fields. */
export const ephemeralContainersOf = (spec: PodSpec): readonly Container[] => spec.ephemeralContainers ?? [];

/** The newest run of a container. */
export function latestRun(observed: ObservedPod, name: string): ContainerStatus | undefined {
  return observed.containers.find((container) => container.name === name);
}

/** `web_default(uid)`: how Kubernetes names a pod in messages about its containers. */
export function podLabel(pod: Stored<Pod>): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
}

export function restartPolicyOf(spec: PodSpec): 'Always' | 'OnFailure' | 'Never' {
  const policy = spec.restartPolicy;
  return policy === 'OnFailure' || policy === 'Never' ? policy : 'Always';
}
