import { connect, createServer, type Server } from 'node:net';

/**
 * Lets one process per network namespace do a thing, e.g. answer on the cluster IPs when several node agents share
 * a host. The lock is a listening socket in Linux' abstract namespace: it belongs to the network namespace,
 * needs no file, and the kernel frees it the moment its holder dies, whatever it died of.
 */
export interface HostLock {
  /** Frees the lock, or stops waiting for it. */
  release(): Promise<void>;
}

export interface HostLockOptions {
  readonly name: string;
  /** Called once, when this process has become the holder. */
  readonly onAcquired: () => void;
  readonly onError: (error: Error) => void;
}

export function acquireHostLock(options: HostLockOptions): HostLock {
  const path = `\0wheelhouse-${options.name}`;
  let server: Server | undefined;
  let waiting: ReturnType<typeof connect> | undefined;
  let released = false;

  const attempt = () => {
    if (released) return;
    const candidate = createServer((peer) => {
      // A waiter: it learns by the end of this connection that the lock is free.
      peer.on('error', () => undefined);
      peers.add(peer);
      peer.on('close', () => peers.delete(peer));
    });
    candidate.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') wait();
      else options.onError(error);
    });
    candidate.listen(path, () => {
      server = candidate;
      candidate.unref();
      options.onAcquired();
    });
  };

  const wait = () => {
    if (released) return;
    // Closing (holder gone) and failing to connect (gone already) both mean: try again.
    waiting = connect(path);
    waiting.on('error', () => undefined);
    waiting.on('close', () => setImmediate(attempt));
    waiting.resume();
  };

  const peers = new Set<import('node:net').Socket>();
  attempt();

  return {
    release: () =>
      new Promise((resolve) => {
        released = true;
        waiting?.destroy();
        if (!server) return resolve();
        for (const peer of peers) peer.destroy();
        server.close(() => resolve());
      }),
  };
}

/**
 * Runs `work` while no other process of this host runs work under the same name. Elsewhere than on Linux there is no
 * such lock and `work` runs unlocked: it must be safe to do twice.
 */
export async function withHostLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (process.platform !== 'linux') return work();
  const lock = await new Promise<HostLock>((resolve, reject) => {
    const acquired: HostLock = acquireHostLock({
      name,
      onAcquired: () => resolve(acquired),
      onError: reject,
    });
  });
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
