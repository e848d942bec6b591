import type Docker from 'dockerode';
import type { ContainerState, ContainerStatus, PodIdentity, SandboxStatus } from '../runtime';
import { LABELS, podOf } from './docker-labels';

/** What Docker's list gives of a sandbox is enough; no inspection. */
export function sandboxStatus(info: Docker.ContainerInfo): SandboxStatus {
  return {
    id: info.Id,
    pod: podOf(info.Labels),
    attempt: Number(info.Labels[LABELS.attempt] ?? 0),
    ready: info.State === 'running',
    createdAt: new Date(info.Created * 1000).toISOString(),
    address: info.Labels[LABELS.address],
  };
}

export function containerStatus(
  inspect: Docker.ContainerInspectInfo,
): ContainerStatus & { pod: PodIdentity } {
  const { State: state, Config: config } = inspect;
  const labels = config.Labels;
  const name = labels[LABELS.containerName] ?? '';
  const is = stateOf(inspect);
  return {
    id: inspect.Id,
    pod: podOf(labels),
    name,
    attempt: Number(labels[LABELS.attempt] ?? 0),
    sandboxId: labels[LABELS.sandbox] ?? '',
    image: config.Image,
    imageId: inspect.Image,
    state: is,
    createdAt: inspect.Created,
    startedAt: time(state.StartedAt) ?? (is === 'exited' ? inspect.Created : undefined),
    finishedAt: is === 'exited' ? (time(state.FinishedAt) ?? inspect.Created) : undefined,
    exitCode: is === 'exited' ? state.ExitCode : undefined,
    oomKilled: state.OOMKilled,
    message: state.Error || undefined,
  };
}

function stateOf(inspect: Docker.ContainerInspectInfo): ContainerState {
  const { Status: status, Error: error } = inspect.State;
  if (status === 'running' || status === 'paused' || status === 'restarting') return 'running';
  // A container that could not be started stays "created" for Docker, with the reason in Error.
  if (status === 'created' && !error) return 'created';
  return 'exited';
}

/** Docker writes year 1 for "never". */
function time(text: string): string | undefined {
  return text && !text.startsWith('0001-') ? text : undefined;
}
