import type { Readable, Writable } from 'node:stream';
import { CHANNEL, encodeFrame, FrameDecoder } from '@wheelhouse/shared/agent/channel-frames';
import type { ExecSession } from '../../runtime/runtime';

/** Connects a running command with a stream of frames until one of them ends. Never throws. */
export async function serveExec(session: ExecSession, input: Readable, output: Writable): Promise<void> {
  const decoder = new FrameDecoder();
  const gone = new Promise<void>((resolve) => {
    input.once('close', resolve);
    input.once('error', () => resolve());
    output.once('close', resolve);
    output.once('error', () => resolve());
  });
  session.stdin.on('error', () => undefined);
  input.on('data', (chunk: Buffer) => {
    try {
      for (const { channel, payload } of decoder.push(chunk)) take(session, channel, payload);
      if (session.stdin.writableNeedDrain) {
        input.pause();
        session.stdin.once('drain', () => input.resume());
      }
    } catch {
      // Bytes that are no frames: nothing sensible can follow.
      input.destroy();
    }
  });
  const forward = async (stream: Readable, channel: number) => {
    for await (const chunk of stream) {
      if (output.destroyed) return;
      if (!output.write(encodeFrame(channel, chunk))) {
        await Promise.race([gone, new Promise((resolve) => output.once('drain', resolve))]);
      }
    }
  };
  const done = Promise.all([
    forward(session.stdout, CHANNEL.stdout),
    forward(session.stderr, CHANNEL.stderr),
    session.exit,
  ]).then(
    ([, , code]) => exitStatus(code),
    (error: unknown) => failureStatus(error instanceof Error ? error.message : String(error)),
  );
  const status = await Promise.race([done, gone]);
  session.close();
  if (status) output.end(encodeFrame(CHANNEL.error, Buffer.from(JSON.stringify(status))));
  else if (!output.destroyed) output.destroy();
}

function take(session: ExecSession, channel: number, payload: Uint8Array): void {
  if (channel === CHANNEL.stdin) session.stdin.write(payload);
  else if (channel === CHANNEL.close && payload[0] === CHANNEL.stdin) session.stdin.end();
  else if (channel === CHANNEL.resize) {
    const size: { Width?: unknown; Height?: unknown } = JSON.parse(Buffer.from(payload).toString('utf8'));
    const width = Number(size.Width);
    const height = Number(size.Height);
    // A terminal that has gone meanwhile needs no size.
    if (width > 0 && height > 0) session.resize({ width, height }).catch(() => undefined);
  }
}

/** The Status by which Kubernetes' clients learn the exit code. */
export function exitStatus(code: number): object {
  if (code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

const failureStatus = (message: string): object => ({
  metadata: {},
  status: 'Failure',
  reason: 'InternalError',
  message,
  code: 500,
});
