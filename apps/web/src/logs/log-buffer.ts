export interface LogLine {
  readonly id: number;
  /** RFC 3339, where the stream carries times. */
  readonly time: string | undefined;
  readonly text: string;
}

/** Lines that were added together; once full it never changes again, so it is drawn once. */
export interface LogChunk {
  readonly id: number;
  readonly lines: readonly LogLine[];
}

const CHUNK_LINES = 200;
const LINE_LENGTH = 16_384;
/** Colours and cursor moves of terminals. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ?/;

/**
 * The end of a log in bounded memory: text comes in pieces that do not respect lines, the oldest chunk goes when
 * there are too many. A line longer than 16 KB is cut, so that one runaway line cannot fill the page.
 */
export class LogBuffer {
  #chunks: LogChunk[] = [];
  #rest = '';
  #next = 0;
  #dropped = 0;

  constructor(private readonly maxChunks = 25) {}

  get chunks(): readonly LogChunk[] {
    return this.#chunks;
  }

  /** Lines that no longer are in memory. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The time of the last whole line; from there a broken stream goes on. */
  get lastTime(): string | undefined {
    return this.#chunks.at(-1)?.lines.at(-1)?.time;
  }

  append(text: string): void {
    const pieces = (this.#rest + text).split('\n');
    this.#rest = (pieces.pop() ?? '').slice(-LINE_LENGTH);
    this.#add(pieces);
  }

  /** The stream is over: what came last without a line's end is a line too. */
  finish(): void {
    const rest = this.#rest;
    this.#rest = '';
    if (rest) this.#add([rest]);
  }

  #add(texts: readonly string[]): void {
    let at = 0;
    while (at < texts.length) {
      const last = this.#chunks.at(-1);
      const open = last && last.lines.length < CHUNK_LINES ? last : undefined;
      const room = CHUNK_LINES - (open?.lines.length ?? 0);
      const lines = texts.slice(at, at + room).map((text) => this.#line(text));
      at += room;
      const rest = open ? this.#chunks.slice(0, -1) : this.#chunks;
      const chunk = { id: open?.id ?? lines[0]?.id ?? 0, lines: [...(open?.lines ?? []), ...lines] };
      this.#chunks = [...rest, chunk];
    }
    while (this.#chunks.length > this.maxChunks) {
      this.#dropped += this.#chunks[0]?.lines.length ?? 0;
      this.#chunks = this.#chunks.slice(1);
    }
  }

  #line(raw: string): LogLine {
    const id = this.#next;
    this.#next += 1;
    const clean = raw.replace(/\r$/, '').replace(ESCAPES, '').slice(0, LINE_LENGTH);
    const stamp = STAMP.exec(clean);
    return { id, time: stamp?.[1], text: stamp ? clean.slice(stamp[0].length) : clean };
  }
}
