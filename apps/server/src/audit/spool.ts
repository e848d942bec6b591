import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { appendFile, open } from 'node:fs/promises';
import { join } from 'node:path';

const SEGMENT_BYTES = 16 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;
const NAME = /^(\d{12})\.ndjson$/;

/**
 * Rows that the database cannot take yet, one a line, in files that are only appended to. Replay goes from the oldest
 * file to the newest and forgets a file once all of it has been inserted. After a crash a file may be replayed again:
 * inserts are harmless when repeated. Callers append and replay from one place at a time.
 */
export class Spool {
  #segments: number[];
  #newestBytes = 0;
  #bytes = 0;
  /** How far the oldest segment has been replayed. */
  #offset = 0;
  /** The newest segment that an earlier run left behind. */
  readonly #inherited: number;

  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#segments = readdirSync(directory)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
    for (const segment of this.#segments) this.#bytes += statSync(this.#path(segment)).size;
    // The last line of a file that a crash left behind may be cut; what comes next gets a file of its own.
    this.#newestBytes = SEGMENT_BYTES;
    this.#inherited = this.#segments.at(-1) ?? 0;
  }

  get empty(): boolean {
    return this.#segments.length === 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async append(rows: readonly string[]): Promise<void> {
    const text = rows.map((row) => `${row}\n`).join('');
    let newest = this.#segments.at(-1);
    if (newest === undefined || this.#newestBytes >= SEGMENT_BYTES) {
      newest = (newest ?? this.#inherited) + 1;
      this.#segments.push(newest);
      this.#newestBytes = 0;
    }
    const size = Buffer.byteLength(text);
    // Counted as full until it has succeeded: after a failure half a line may be there, and nothing may follow it.
    const before = this.#newestBytes;
    this.#newestBytes = SEGMENT_BYTES;
    await appendFile(this.#path(newest), text, { mode: 0o600 });
    this.#newestBytes = before + size;
    this.#bytes += size;
  }

  /** The next rows to insert; `done` forgets them. `own`: appended by this run. Undefined when nothing is left. */
  async next(): Promise<{ rows: string[]; own: boolean; done: () => void } | undefined> {
    for (;;) {
      const oldest = this.#segments[0];
      if (oldest === undefined) return undefined;
      const { rows, bytes, end } = await readLines(this.#path(oldest), this.#offset);
      if (rows.length > 0) {
        return {
          rows,
          own: oldest > this.#inherited,
          done: () => {
            this.#offset += bytes;
            if (end) this.#forget(oldest);
          },
        };
      }
      this.#forget(oldest);
    }
  }

  #forget(segment: number): void {
    const path = this.#path(segment);
    this.#bytes -= statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    rmSync(path, { force: true });
    this.#segments = this.#segments.filter((other) => other !== segment);
    this.#offset = 0;
    this.#newestBytes = this.#segments.length === 0 ? SEGMENT_BYTES : this.#newestBytes;
  }

  #path(segment: number): string {
    return join(this.directory, `${String(segment).padStart(12, '0')}.ndjson`);
  }
}

/** Whole lines from `offset` on, about a megabyte of them; `end`: nothing but a cut line may follow. */
async function readLines(
  path: string,
  offset: number,
): Promise<{ rows: string[]; bytes: number; end: boolean }> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    for (let length = READ_BYTES; ; length *= 2) {
      const buffer = Buffer.alloc(Math.min(length, size - offset));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      const last = buffer.subarray(0, bytesRead).lastIndexOf(10);
      const reachedEnd = offset + bytesRead >= size;
      // One row may be longer than a piece: read on until its line ends.
      if (last < 0 && !reachedEnd) continue;
      const rows = buffer
        .subarray(0, last + 1)
        .toString('utf8')
        .split('\n')
        .filter((row) => row !== '');
      return { rows, bytes: last + 1, end: reachedEnd };
    }
  } finally {
    await file.close();
  }
}
