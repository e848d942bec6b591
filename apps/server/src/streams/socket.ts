import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A peer that is silent for this long is probed; one that is gone is noticed some ten seconds later. */
const PROBE_MS = 30_000;
/** As long as Kubernetes' kubelet keeps a stream on which nothing happens. */
const IDLE_MS = 4 * 60 * 60 * 1000;

/** Makes a client's connection fit for a long stream: small writes at once, the dead noticed, the forgotten ended. */
export function prepareSocket(socket: Duplex): void {
  if (!(socket instanceof Socket)) return;
  socket.setNoDelay(true);
  socket.setKeepAlive(true, PROBE_MS);
  socket.setTimeout(IDLE_MS, () => socket.destroy());
}
