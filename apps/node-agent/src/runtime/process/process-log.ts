import { watch } from 'node:fs';
import { appendFile, copyFile, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@wheelhouse/shared/clock';
import type { LogOptions } from '../runtime';

const MAX_LOG_BYTES = 10 * 2 ** 20;
/** Follows even where change notices get lost. */
const FOLLOW_POLL_MS = 250;

interface Mark {
  /** ms since the epoch. */
  readonly at: number;
  /** Bytes of the log by then. */
  readonly size: number;
}

/**
 * One container's log: the file `log` that its processes append to, `log.1` from before the last rotation, and for
 * each a list of marks "this long by then", from which lines get their times.
 */
export class ProcessLog {
  readonly path: string;
  #marks: Mark[] = [];
  #size = 0;
  #watcher: { close(): void } | undefined;
  #checking: Promise<void> = Promise.resolve();
  readonly #grown = new Set<() => void>();

  constructor(
    private readonly directory: string,
    private readonly clock: Clock,
    private readonly maxBytes = MAX_LOG_BYTES,
  ) {
    this.path = join(directory, 'log');
  }

  /** Begins to note its growth; call when `log` exists. */
  async open(): Promise<void> {
    this.#marks = parseMarks(await readFile(`${this.path}.times`, 'utf8').catch(() => ''));
    this.#size = this.#marks.at(-1)?.size ?? 0;
    await this.check();
    // The directory, since a watched file that is removed would be watched no more.
    const watcher = watch(this.directory, (_event, name) => {
      if (name === 'log') void this.check();
    });
    watcher.on('error', () => undefined);
    this.#watcher = watcher;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    for (const wake of this.#grown) wake();
  }

  /** Notes growth, rotates when it is too long. Calls are worked off one after the other. */
  check(): Promise<void> {
    this.#checking = this.#checking.then(() => this.#check()).catch(() => undefined);
    return this.#checking;
  }

  async #check(): Promise<void> {
    const { size } = await stat(this.path);
    if (size === this.#size) return;
    const mark = { at: this.clock.now().getTime(), size };
    this.#size = size;
    this.#marks.push(mark);
    await appendFile(`${this.path}.times`, `${mark.at} ${mark.size}\n`);
    if (size > this.maxBytes) await this.#rotate();
    for (const wake of [...this.#grown]) wake();
  }

  /** The writers hold the file open for appending, so it is copied and cut, not renamed. */
  async #rotate(): Promise<void> {
    await copyFile(this.path, `${this.path}.1`);
    await truncate(this.path);
    await rename(`${this.path}.times`, `${this.path}.1.times`).catch(() => undefined);
    this.#marks = [];
    this.#size = 0;
    await rm(`${this.path}.times`, { force: true });
  }

  /** `isRunning` tells a follower whether more may come; `onBegin` is told once what is new is settled. */
  read(options: LogOptions, isRunning: () => boolean, onBegin?: () => void): Readable {
    return Readable.from(this.#lines(options, isRunning, onBegin), { objectMode: false });
  }

  async *#lines(options: LogOptions, isRunning: () => boolean, onBegin?: () => void): AsyncGenerator<Buffer> {
    await this.check();
    const old = await this.#readPart(`${this.path}.1`);
    const current = await this.#readPart(this.path);
    onBegin?.();
    let lines = [...old, ...current.slice()];
    if (options.since) {
      const since = options.since.getTime();
      lines = lines.filter(({ at }) => at >= since);
    }
    if (options.tail !== undefined) lines = options.tail === 0 ? [] : lines.slice(-options.tail);
    for (const line of lines) yield format(line, options.timestamps);
    if (!options.follow) return;
    let offset = current.at(-1)?.end ?? 0;
    while (!options.signal?.aborted) {
      // Asked before reading: what was written before the end is then still read.
      const running = isRunning();
      await this.check();
      // Cut by a rotation: go on from the beginning.
      if (this.#size < offset) offset = 0;
      const fresh = (await this.#readPart(this.path, offset)).filter(({ complete }) => complete || !running);
      for (const line of fresh) yield format(line, options.timestamps);
      offset = fresh.at(-1)?.end ?? offset;
      if (!running) return;
      if (fresh.length === 0) await this.#more();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#grown.delete(done);
        resolve();
      };
      this.#grown.add(done);
      void delay(FOLLOW_POLL_MS, undefined, { ref: false }).then(done);
    });
  }

  async #readPart(path: string, from = 0): Promise<Line[]> {
    const content = await readFile(path).catch(() => Buffer.alloc(0));
    const marks =
      path === this.path ? this.#marks : parseMarks(await readFile(`${path}.times`, 'utf8').catch(() => ''));
    return splitLines(content, marks, from);
  }
}

interface Line {
  readonly bytes: Buffer;
  /** Offset behind it. */
  readonly end: number;
  readonly at: number;
  /** It ends with a line feed. */
  readonly complete: boolean;
}

/** Pure: the lines behind `from`, each with the time of the first mark that includes its beginning. */
export function splitLines(content: Buffer, marks: readonly Mark[], from: number): Line[] {
  const lines: Line[] = [];
  let mark = 0;
  for (let start = from; start < content.length; ) {
    const feed = content.indexOf(0x0a, start);
    const end = feed < 0 ? content.length : feed + 1;
    while (mark < marks.length - 1 && (marks[mark]?.size ?? 0) <= start) mark += 1;
    lines.push({ bytes: content.subarray(start, end), end, at: marks[mark]?.at ?? 0, complete: feed >= 0 });
    start = end;
  }
  return lines;
}

function parseMarks(text: string): Mark[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [at = 0, size = 0] = line.split(' ').map(Number);
      return { at, size };
    });
}

function format({ bytes, at }: Line, timestamps: boolean): Buffer {
  if (!timestamps) return bytes;
  const time = new Date(at).toISOString().replace('Z', '000000Z');
  return Buffer.concat([Buffer.from(`${time} `), bytes]);
}
