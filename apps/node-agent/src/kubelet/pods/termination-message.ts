import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Container } from 'kubernetes-types/core/v1';
import type { ContainerRuntime, ContainerStatus } from '../../runtime/runtime';

/** Kubernetes' bounds: what a container leaves in its file, and what is taken from its log instead. */
const MAX_FILE_BYTES = 4096;
const MAX_LOG_BYTES = 2048;
const MAX_LOG_LINES = 80;

export const TERMINATION_FILE = 'termination-log';

export interface TerminationInput {
  readonly runtime: ContainerRuntime;
  readonly container: Container;
  readonly run: ContainerStatus;
  /** The run's own directory. */
  readonly directory: string;
}

/** The last words of an ended run: its message file, or with that policy the end of its log when it failed. */
export async function terminationMessage(input: TerminationInput): Promise<string | undefined> {
  const message = await readStart(join(input.directory, TERMINATION_FILE));
  if (message) return message;
  if (input.container.terminationMessagePolicy !== 'FallbackToLogsOnError' || input.run.exitCode === 0)
    return undefined;
  const log = await input.runtime.logs(input.run.id, {
    follow: false,
    timestamps: false,
    tail: MAX_LOG_LINES,
    since: undefined,
  });
  const end = Buffer.from(await text(log)).subarray(-MAX_LOG_BYTES);
  return end.toString('utf8') || undefined;
}

async function readStart(path: string): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (!file) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_FILE_BYTES), 0, MAX_FILE_BYTES, 0);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}
