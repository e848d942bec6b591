import type { Duplex, Readable, Writable } from 'node:stream';
import { asApiError } from '@wheelhouse/shared/errors';
import type { Logger } from '../component';

/** Where forwarded connections lead. */
export interface ForwardTarget {
  /** In messages. */
  readonly pod: string;
  /** One connection to a port of the pod. Rejects when the port does not answer. */
  dial(port: number): Promise<Duplex>;
  readonly log: Logger;
}

/** A client's end of one forwarded connection. */
export interface ForwardedConnection {
  readonly data: Readable & Writable;
  /** Why it failed, in words; ended empty when it did not. */
  readonly error: Writable;
}

/**
 * Joins one forwarded connection with a new one to the pod's port, until the pod's side ends. Ends of the two directions
 * travel on their own. Never rejects: what fails is told on the error stream.
 */
export async function forwardConnection(
  port: number,
  { data, error }: ForwardedConnection,
  target: ForwardTarget,
): Promise<void> {
  try {
    const remote = await target.dial(port);
    await join(data, remote);
    error.end();
  } catch (thrown) {
    const { message } = asApiError(thrown);
    target.log.debug({ port, pod: target.pod, reason: message }, 'a forwarded connection failed');
    error.end(`error forwarding port ${port} to pod ${target.pod}: ${message}`);
  }
  data.end();
  // What the client still sends has nobody to read it, and must not hold up other connections.
  data.unpipe();
  data.resume();
}

function join(data: Readable & Writable, remote: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => remote.destroy();
    remote.once('error', reject);
    remote.once('close', () => {
      data.off('close', leave);
      resolve();
    });
    // It may have been closed while the connection was made.
    if (data.destroyed) leave();
    data.once('close', leave);
    // The pod has said all: what the client would still send has nobody to answer it.
    remote.once('end', () => remote.destroy());
    data.pipe(remote);
    remote.pipe(data, { end: false });
  });
}
