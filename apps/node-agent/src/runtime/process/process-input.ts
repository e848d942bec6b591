import { execFile } from 'node:child_process';
import { constants, open as openFile } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const openDescriptor = promisify(openFile);

/**
 * A program's standard input that clients may attach to, one after the other: a named pipe whose writing end is kept
 * open here, so that the program's input does not end with a client. With `once` it does end with the first.
 */
export class ProcessInput {
  #pipe: Socket | undefined;

  private constructor(
    private readonly path: string,
    private readonly once: boolean,
    descriptor: number,
  ) {
    this.#pipe = new Socket({ fd: descriptor, readable: false, writable: true });
    // The program is gone; its end is seen elsewhere.
    this.#pipe.on('error', () => this.close());
  }

  static async create(directory: string, once: boolean): Promise<ProcessInput> {
    const path = join(directory, 'stdin');
    await execute('mkfifo', ['-m', '600', path]);
    return ProcessInput.open(directory, once);
  }

  /** Of a program that an earlier agent started; its input survives a restart only while the pipe does. */
  static async open(directory: string, once: boolean): Promise<ProcessInput> {
    const path = join(directory, 'stdin');
    // Read and write: a pipe without a reader cannot be opened for writing alone.
    return new ProcessInput(path, once, await openDescriptor(path, constants.O_RDWR | constants.O_NONBLOCK));
  }

  /** The reading end, for the program to inherit. */
  openForProgram(): Promise<FileHandle> {
    return open(this.path, constants.O_RDONLY);
  }

  /** A client's input. Its end is the program's end of input when it is to have only one. */
  attach(): Writable {
    return new Writable({
      write: (chunk, _encoding, done) => {
        if (this.#pipe) this.#pipe.write(chunk, done);
        else done();
      },
      final: (done) => {
        if (this.once) this.close();
        done();
      },
    });
  }

  close(): void {
    this.#pipe?.destroy();
    this.#pipe = undefined;
  }
}
