import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const RETRY_MS = 40;

/**
 * Runs `work` while no other process of this host runs work under the same name. The lock is a listening
 * socket in Linux' abstract namespace, so it goes with its holder, however that ends.
 * Elsewhere than on Linux there is no such namespace and `work` runs unlocked: it must be safe to do twice.
 */
export async function withHostLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (process.platform !== 'linux') return work();
  const server = await acquire(`\0${join(tmpdir(), name)}`);
  try {
    return await work();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

async function acquire(path: string): Promise<Server> {
  for (;;) {
    const server = await listen(path);
    if (server) return server;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => resolve(server));
  });
}
