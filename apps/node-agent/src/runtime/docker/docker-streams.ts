import { type Duplex, PassThrough, Transform, type TransformCallback } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Container, Exec } from 'dockerode';
import type { ExecSession } from '../runtime';

const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * Takes Docker's multiplexed stream apart: [stream, 0, 0, 0, length as uint32 big endian] then the bytes. Both outputs
 * are read at the pace of the slower reader, as they come in one stream.
 */
export class DockerDemultiplexer extends Transform {
  #pending: Buffer = Buffer.alloc(0);
  /** Bytes that the current frame still owes, and of which stream. */
  #remaining = 0;
  #stream = 1;

  /** Without `stderr` both streams come out here, in order. */
  constructor(private readonly stderr?: PassThrough) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let full = false;
    let buffer = this.#pending.length ? Buffer.concat([this.#pending, chunk]) : chunk;
    while (buffer.length > 0) {
      if (this.#remaining === 0) {
        if (buffer.length < HEADER_BYTES) break;
        this.#stream = buffer.readUInt8(0);
        this.#remaining = buffer.readUInt32BE(4);
        buffer = buffer.subarray(HEADER_BYTES);
        continue;
      }
      const piece = buffer.subarray(0, this.#remaining);
      buffer = buffer.subarray(piece.length);
      this.#remaining -= piece.length;
      if (this.#stream === STDERR && this.stderr) full = !this.stderr.write(piece);
      else this.push(piece);
    }
    this.#pending = buffer;
    if (full && this.stderr) drainedOrClosed(this.stderr, done);
    else done();
  }

  override _flush(done: TransformCallback): void {
    this.stderr?.end();
    done();
  }
}

function drainedOrClosed(stream: PassThrough, done: () => void): void {
  const settle = () => {
    stream.off('drain', settle);
    stream.off('close', settle);
    done();
  };
  stream.once('drain', settle);
  stream.once('close', settle);
}

/** Docker refuses sizes for a moment after a start, and knows an exit code a moment after the output's end. */
const SETTLE_MS = 50;
const SETTLE_TRIES = 40;

/** An exec that has been started with a hijacked connection. */
export function dockerExecSession(exec: Exec, connection: Duplex, tty: boolean): ExecSession {
  return session(connection, tty, {
    exitCode: async () => {
      for (let tries = 1; ; tries++) {
        const info = await exec.inspect();
        if (!info.Running && info.ExitCode !== null) return info.ExitCode;
        if (tries >= SETTLE_TRIES) throw new Error('the command closed its output and runs on');
        await delay(SETTLE_MS);
      }
    },
    resize: (size) => exec.resize(size),
  });
}

/** A running container that was attached to with a hijacked connection. */
export function dockerAttachSession(container: Container, connection: Duplex, tty: boolean): ExecSession {
  return session(connection, tty, {
    exitCode: async () => 0,
    resize: (size) => container.resize(size),
  });
}

function session(
  connection: Duplex,
  tty: boolean,
  target: {
    exitCode(): Promise<number>;
    resize(size: { w: number; h: number }): Promise<unknown>;
  },
): ExecSession {
  const stderr = new PassThrough();
  const stdout = tty ? new PassThrough() : new DockerDemultiplexer(stderr);
  if (tty) stderr.end();
  connection.pipe(stdout);
  const exit = new Promise<number>((resolve, reject) => {
    connection.on('error', reject);
    connection.on('close', () => stdout.end());
    stdout.on('end', () => {
      target.exitCode().then(resolve, reject);
    });
  });
  // The caller may never ask for the code; an unasked failure is not a crash.
  exit.catch(() => undefined);
  let newest = 0;
  return {
    stdin: connection,
    stdout,
    stderr,
    exit,
    async resize({ width, height }) {
      const own = ++newest;
      for (let tries = 1; own === newest && !connection.destroyed; tries++) {
        try {
          await target.resize({ w: width, h: height });
          return;
        } catch (error) {
          if (tries >= SETTLE_TRIES) throw error;
          await delay(SETTLE_MS);
        }
      }
    },
    close: () => {
      connection.destroy();
      stdout.destroy();
      stderr.destroy();
    },
  };
}
