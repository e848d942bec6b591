import type { Socket } from 'node:net';
import type { Res } from './extension';
import { type Writer, writerOf } from './respond';

/** Where the blocks of a watch stream go. */
export interface Outlet {
  /** False: wait for {@link onceDrained} before the next. */
  write(block: Buffer): boolean;
  onceDrained(listener: () => void): void;
}

/**
 * Whether a stream's blocks can go to the connection itself, as chunks made once for all streams alike. Node would
 * frame each block anew for each response, and join the pieces in a copy for each TLS connection, which costs more
 * than all the rest of a delivery.
 */
export function takesChunks(res: Res): boolean {
  const { req } = res;
  // A response without a socket waits for an earlier one on the same connection.
  return req.httpVersion === '1.1' && req.method === 'GET' && res.socket !== null;
}

/** An outlet for blocks of {@link chunkOf}, for a response that has sent its head and {@link takesChunks}. */
export function chunkOutlet(res: Res): Outlet {
  // Only responses of HTTP/1.1 take chunks; theirs is the connection itself, or nothing after its end.
  const socket = res.socket as Socket | null;
  return {
    // A response that has ended has let go of the connection, which may serve another.
    write: (block) => socket === null || res.socket !== socket || socket.write(block),
    onceDrained: (listener) => socket?.once('drain', listener),
  };
}

/** An outlet for blocks without framing. */
export function plainOutlet(res: Res): Outlet {
  const writer: Writer = writerOf(res);
  return {
    write: (block) => writer.write(block),
    onceDrained: (listener) => writer.once('drain', listener),
  };
}

const LINE_END = Buffer.from('\r\n');

/** Pieces, not all of them empty, as one chunk of a body in HTTP/1.1. */
export function chunkOf(pieces: readonly Buffer[]): Buffer {
  let size = 0;
  for (const piece of pieces) size += piece.length;
  return Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), ...pieces, LINE_END]);
}
