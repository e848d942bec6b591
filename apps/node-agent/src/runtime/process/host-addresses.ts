import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RuntimeError } from '../runtime';

const run = promisify(execFile);
const localRoute = (address: string) => ['local', `${address}/32`, 'dev', 'lo', 'table', 'local'];

/**
 * Makes the host answer to a pod's address by a local route of its own (Linux' AnyIP), which needs no interface: not
 * every kernel has dummy ones. All of 127/8 it answers to already. Idempotent.
 */
export async function addHostAddress(address: string): Promise<void> {
  if (isLoopback(address)) return;
  try {
    await run('ip', ['route', 'replace', ...localRoute(address)]);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new RuntimeError(
      'create-failed',
      `cannot add the pod address ${address} to this host (ranges out of 127/8 need no rights): ${text}`,
      { cause: error },
    );
  }
}

export async function removeHostAddress(address: string): Promise<void> {
  if (isLoopback(address)) return;
  // A route that stays is only litter; the next pod that gets the address replaces it.
  await run('ip', ['route', 'del', ...localRoute(address)]).catch(() => undefined);
}

const isLoopback = (address: string): boolean => address.startsWith('127.');
