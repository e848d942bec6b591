import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import { schedulingInWords } from './scheduling-words';

/** How a pod's tile is drawn. */
export type Look = 'running' | 'starting' | 'waiting' | 'failed' | 'done' | 'leaving' | 'unknown';

const CRASHING = new Set(['CrashLoopBackOff', 'RunContainerError', 'CreateContainerError', 'StartError']);
const IMAGE = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']);

export function lookOf(pod: FleetPod): Look {
  switch (pod.phase) {
    case 'Terminating':
      return 'leaving';
    case 'Failed':
      return 'failed';
    case 'Succeeded':
      return 'done';
    case 'Unknown':
      return 'unknown';
    case 'Pending':
      return pod.trouble?.reason && (IMAGE.has(pod.trouble.reason) || CRASHING.has(pod.trouble.reason))
        ? 'failed'
        : 'waiting';
    case 'Running':
      if (pod.trouble) return 'failed';
      return pod.ready ? 'running' : 'starting';
  }
}

/** One sentence without a subject, for after the pod's name: `is waiting for a node`. */
export function podInWords(pod: FleetPod): string {
  switch (pod.phase) {
    case 'Terminating':
      return 'is stopping';
    case 'Succeeded':
      return 'has finished';
    case 'Unknown':
      return `has not been heard of since ${pod.node ?? 'its node'} fell silent`;
    case 'Failed':
      return failed(pod);
    case 'Pending':
      if (pod.trouble) return troubled(pod);
      return pod.node ? `is starting on ${pod.node}` : 'is waiting for a node';
    case 'Running':
      if (pod.trouble) return troubled(pod);
      return pod.ready ? `is running on ${pod.node ?? 'a node'}` : 'runs, but is not ready yet';
  }
}

/** What stands behind the sentence, as far as the cluster says: `exit 137, 4 restarts`. */
export function podDetail(pod: FleetPod): string | undefined {
  const facts: string[] = [];
  if (pod.phase === 'Pending' && pod.unscheduled) return schedulingInWords(pod.unscheduled);
  if (pod.trouble?.exitCode !== undefined) facts.push(exitInWords(pod.trouble.exitCode));
  if (pod.trouble?.message) facts.push(pod.trouble.message);
  else if (pod.message) facts.push(pod.message);
  if (pod.restarts > 0) facts.push(`${pod.restarts} ${pod.restarts === 1 ? 'restart' : 'restarts'}`);
  return facts.length > 0 ? facts.join(', ') : undefined;
}

function failed(pod: FleetPod): string {
  if (pod.reason === 'Evicted') return 'was evicted';
  if (pod.trouble?.reason === 'OOMKilled') return 'ran out of memory';
  return 'has failed';
}

function troubled({ trouble }: FleetPod): string {
  const reason = trouble?.reason ?? '';
  if (reason === 'CrashLoopBackOff') return 'keeps crashing and is started again, each time a little later';
  if (reason === 'OOMKilled') return 'ran out of memory';
  if (IMAGE.has(reason)) return 'cannot get its image';
  if (reason === 'CreateContainerConfigError') return 'waits for configuration that is not there';
  if (CRASHING.has(reason)) return 'cannot be started';
  if (trouble?.state === 'terminated') return 'has a container that ended';
  return `is waiting: ${reason}`;
}

export function exitInWords(code: number): string {
  if (code === 137) return 'exit 137 (killed)';
  if (code === 143) return 'exit 143 (asked to stop)';
  return `exit ${code}`;
}
