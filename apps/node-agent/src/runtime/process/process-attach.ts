import { once } from 'node:events';
import { PassThrough, pipeline, Writable } from 'node:stream';
import type { AttachOptions, ExecSession } from '../runtime';
import type { ProcessContainer } from './process-container';

/** The program's output is what it appends to its log from now on; both of its streams are one there. */
export async function attachToProcess(
  container: ProcessContainer,
  options: AttachOptions,
): Promise<ExecSession> {
  const abort = new AbortController();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  stderr.end();
  // Input is taken only after that, so that no answer to it is missed.
  await new Promise<void>((begun) => {
    const log = container.log.read(
      { follow: true, timestamps: false, tail: 0, since: undefined, signal: abort.signal },
      () => container.status().state !== 'exited',
      begun,
    );
    pipeline(log, stdout, () => begun());
  });
  const input = options.stdin ? container.input : undefined;
  return {
    stdin: input?.attach() ?? new Writable({ write: (_chunk, _encoding, done) => done() }),
    stdout,
    stderr,
    exit: once(stdout, 'close').then(() => 0),
    // It has no terminal.
    resize: async () => undefined,
    close: () => {
      abort.abort();
      stdout.destroy();
    },
  };
}
