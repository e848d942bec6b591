import { type Duplex, PassThrough, Transform, type TransformCallback } from 'node:stream';
import type { Exec } from 'dockerode';
import type { ExecSession } from '../runtime';

const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * Takes Docker's multiplexed stream apart: [stream, 0, 0, 0, length as uint32 big endian] then the bytes.
 * `sink` gets each piece and answers false when it wants no more for now (the Transform then waits for drain).
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
      if (this.#stream === STDERR && this.stderr) this.stderr.write(piece);
      else this.push(piece);
    }
    this.#pending = buffer;
    done();
  }

  override _flush(done: TransformCallback): void {
    this.stderr?.end();
    done();
  }
}

/** An exec that has been started with a hijacked connection. */
export function dockerExecSession(exec: Exec, connection: Duplex, tty: boolean): ExecSession {
  const stderr = new PassThrough();
  const stdout = tty ? new PassThrough() : new DockerDemultiplexer(stderr);
  if (tty) stderr.end();
  connection.pipe(stdout);
  const exit = new Promise<number>((resolve, reject) => {
    connection.on('error', reject);
    connection.on('close', () => stdout.end());
    stdout.on('end', () => {
      exec.inspect().then((info) => resolve(info.ExitCode ?? 0), reject);
    });
  });
  // The caller may never ask for the code; an unasked failure is not a crash.
  exit.catch(() => undefined);
  return {
    stdin: connection,
    stdout,
    stderr,
    exit,
    resize: ({ width, height }) => exec.resize({ w: width, h: height }).then(() => undefined),
    close: () => connection.destroy(),
  };
}
