import type { Duplex } from 'node:stream';
import type { Clock } from '@wheelhouse/shared/clock';
import { type ForwardTarget, forwardConnection } from './forward-port';
import { SpdyConnection } from './spdy/spdy-connection';
import type { SpdyStream } from './spdy/spdy-stream';
import { acceptSpdy, spdyProtocol, type Upgrade } from './upgrade';

export const PORT_FORWARD_PROTOCOL = 'portforward.k8s.io';
/** Two for each connection. */
const MAX_STREAMS = 2048;
/** How long the second stream of a connection may stay away. */
const PAIR_MS = 30_000;

/** Port-forward over SPDY: each connection is a stream of errors and one of data, joined by a request number. */
export async function forwardOverSpdy(upgrade: Upgrade, target: ForwardTarget): Promise<void> {
  const protocol = spdyProtocol(upgrade.req, [PORT_FORWARD_PROTOCOL], PORT_FORWARD_PROTOCOL);
  await serveForwards(acceptSpdy(upgrade, protocol), target, upgrade.clock);
}

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  readonly cancel: () => void;
}

/** Serves connections over a socket that speaks SPDY already. Resolves when it is closed. */
export async function serveForwards(socket: Duplex, target: ForwardTarget, clock: Clock): Promise<void> {
  const pairs = new Map<string, Pair>();
  const connection = new SpdyConnection(socket, {
    clock,
    maxStreams: MAX_STREAMS,
    onStream(stream) {
      const { streamtype: type } = stream.headers;
      const port = Number(stream.headers.port);
      if ((type !== 'data' && type !== 'error') || !Number.isInteger(port) || port < 1 || port > 65_535) {
        stream.destroy();
        return;
      }
      // Clients before Kubernetes 1.3 number no requests; they open the error stream first, the data stream next.
      const request = stream.headers.requestid ?? String(type === 'error' ? stream.id : stream.id - 2);
      const pair: Pair = pairs.get(request) ?? { cancel: clock.after(PAIR_MS, () => giveUp(request)) };
      pairs.set(request, pair);
      if (pair[type]) {
        stream.destroy();
        return;
      }
      pair[type] = stream;
      // The client ends its side of the error stream at once.
      if (type === 'error') stream.resume();
      const { data, error } = pair;
      if (!data || !error) return;
      pair.cancel();
      pairs.delete(request);
      void forwardConnection(port, { data, error }, target);
    },
  });
  const giveUp = (request: string) => {
    const pair = pairs.get(request);
    pairs.delete(request);
    pair?.error?.end('timed out waiting for the data stream of the connection');
    pair?.data?.destroy();
  };
  await connection.closed;
  for (const pair of pairs.values()) pair.cancel();
}
