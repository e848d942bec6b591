import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Container, Pod } from 'kubernetes-types/core/v1';
import { hasRuntimeCode, type Mount, type SandboxStatus } from '../../runtime/runtime';
import { ConfigError } from '../config-error';
import { containerEnv } from '../env/container-env';
import { runHandler } from '../probes/handlers';
import { containerConfig, DEFAULT_TERMINATION_MESSAGE_PATH } from './container-config';
import type { ContainerStart } from './pod-actions';
import { errorText, type PodContext } from './pod-context';
import { specOf, type WaitingReason } from './pod-view';
import { TERMINATION_FILE } from './termination-message';

export interface StartInput {
  readonly pod: Stored<Pod>;
  readonly start: ContainerStart;
  readonly sandbox: SandboxStatus;
  readonly podDirectory: string;
  /** Undefined: the runtime has no files to mount. */
  readonly volumePaths: ReadonlyMap<string, string> | undefined;
  readonly networkMounts: readonly Mount[];
  /** Ends waiting for an image when the pod is to end. */
  readonly signal: AbortSignal;
}

/** Undefined when the container runs; otherwise why not, and when to try again. */
export type StartResult = undefined | (WaitingReason & { readonly retryAfterMs: number });

const RETRY_MS = 2_000;
const HOOK_TIMEOUT_MS = 60_000;

/** Brings one container from nothing to running, telling each step as an event. */
export async function startOne(context: PodContext, input: StartInput): Promise<StartResult> {
  const { pod, start } = input;
  const { runtime } = context;
  const container = start.spec;
  const event = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    context.events.record(containerReference(pod, container, start.init), type, reason, message);
  const pulled = await abortable(
    input.signal,
    context.images.ensure({
      podUid: pod.metadata.uid,
      container,
      credentials: () => context.registryCredentials(pod, container.image ?? ''),
      event,
    }),
  );
  if (!('image' in pulled)) return pulled;

  const address = input.sandbox.address ?? (specOf(pod).hostNetwork ? context.hostIp : '');
  let id: string;
  try {
    const env = await containerEnv({
      pod,
      container,
      facts: { podIp: address, hostIp: context.hostIp, allocatable: context.allocatable },
      services: await context.services(),
      config: context.config,
    });
    const directory = runDirectory(input.podDirectory, container.name, start.attempt);
    const config = containerConfig({
      pod,
      // What cannot mount has no volumes either, and every pod has one: the token of its service account.
      container: runtime.abilities.volumes ? container : { ...container, volumeMounts: [] },
      attempt: start.attempt,
      env,
      image: pulled.image,
      volumePaths: input.volumePaths,
      extraMounts: runtime.abilities.volumes
        ? [...withoutOverlap(container, input.networkMounts), await terminationMount(container, directory)]
        : [],
      directory,
    });
    if (runtime.abilities.volumes) await makeSubPaths(config.mounts);
    id = await runtime.createContainer(input.sandbox, config);
  } catch (error) {
    const reason = error instanceof ConfigError ? 'CreateContainerConfigError' : 'CreateContainerError';
    event('Warning', 'Failed', `Error: ${errorText(error)}`);
    return { reason, message: errorText(error), retryAfterMs: RETRY_MS };
  }
  event('Normal', 'Created', `Created container: ${container.name}`);
  try {
    await runtime.startContainer(id);
  } catch (error) {
    event('Warning', 'Failed', `Error: ${errorText(error)}`);
    // A start that failed left an ended container: the restart policy decides what follows.
    const retryAfterMs = hasRuntimeCode(error, 'start-failed') ? 0 : RETRY_MS;
    return { reason: 'RunContainerError', message: errorText(error), retryAfterMs };
  }
  event('Normal', 'Started', `Started container ${container.name}`);
  return postStart(context, input, { id, address, event });
}

async function postStart(
  { runtime }: PodContext,
  { start, signal, pod }: StartInput,
  run: { id: string; address: string; event: (type: 'Warning', reason: string, message: string) => void },
): Promise<StartResult> {
  const hook = start.spec.lifecycle?.postStart;
  if (!hook || !runtime.abilities.programs) return undefined;
  const target = { runtime, container: start.spec, containerId: run.id, address: run.address };
  const { ok, message } = await abortable(signal, runHandler(hook, target, HOOK_TIMEOUT_MS));
  if (ok) return undefined;
  run.event('Warning', 'FailedPostStartHook', `PostStartHook failed: ${message}`);
  await runtime.stopContainer(run.id, specOf(pod).terminationGracePeriodSeconds ?? 30);
  return { reason: 'PostStartHookError', message, retryAfterMs: 0 };
}

/** Where a run of a container keeps what is its own. */
export const runDirectory = (podDirectory: string, container: string, attempt: number): string =>
  join(podDirectory, 'containers', container, String(attempt));

/** Events about a container point to it inside its pod. */
export function containerReference(pod: Stored<Pod>, container: Container, init: boolean) {
  const { namespace, name, uid, resourceVersion } = pod.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    ...(namespace ? { namespace } : {}),
    name,
    uid,
    resourceVersion,
    fieldPath: `spec.${init ? 'initContainers' : 'containers'}{${container.name}}`,
  };
}

async function terminationMount(container: Container, directory: string): Promise<Mount> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, TERMINATION_FILE);
  await writeFile(file, '');
  // Whatever user the program has must be able to write its last words.
  await chmod(file, 0o666);
  return {
    volume: '',
    hostPath: file,
    containerPath: container.terminationMessagePath || DEFAULT_TERMINATION_MESSAGE_PATH,
    readOnly: false,
    propagation: 'None',
  };
}

/** A container that mounts something at the place itself means it. */
function withoutOverlap(container: Container, mounts: readonly Mount[]): Mount[] {
  const own = new Set((container.volumeMounts ?? []).map(({ mountPath }) => mountPath));
  return mounts.filter(({ containerPath }) => !own.has(containerPath));
}

/** A sub path that is not there yet becomes a directory. */
async function makeSubPaths(mounts: readonly Mount[]): Promise<void> {
  for (const { volume, hostPath } of mounts) {
    if (volume && !(await stat(hostPath).catch(() => undefined))) await mkdir(hostPath, { recursive: true });
  }
}

/** Rejects when `signal` fires; the work itself goes on unwatched. */
export function abortable<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
