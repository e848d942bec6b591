import { internalError } from '../errors';

/** As much of a web ReadableStream as is needed here; browsers, Node and undici all have it. */
export interface ByteStream {
  getReader(): {
    read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

/**
 * The lines of a stream, without the newline, empty ones left out. A line of more than `maxLine` characters
 * throws, so that a broken peer cannot fill the memory. Leaving the loop early cancels the stream.
 */
export async function* readLines(
  stream: ByteStream,
  maxLine: number,
): AsyncGenerator<string, void, undefined> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  /** Pieces of the line that is not complete yet. */
  let pieces: string[] = [];
  let length = 0;
  let finished = false;
  try {
    while (!finished) {
      const chunk = await reader.read();
      finished = chunk.done;
      const text = chunk.value ? decoder.decode(chunk.value, { stream: true }) : '';
      let start = 0;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
        pieces.push(text.slice(start, end));
        const line = pieces.join('');
        pieces = [];
        length = 0;
        start = end + 1;
        if (line.length > maxLine)
          throw internalError(`a line of the stream is longer than ${maxLine} characters`);
        if (line) yield line;
      }
      if (start < text.length) {
        pieces.push(text.slice(start));
        length += text.length - start;
        if (length > maxLine)
          throw internalError(`a line of the stream is longer than ${maxLine} characters`);
      }
    }
    const rest = pieces.join('');
    if (rest) yield rest;
  } finally {
    // Cancelling fails when the stream has already broken; that failure has been reported by read().
    if (!finished) await reader.cancel().catch(() => undefined);
  }
}
