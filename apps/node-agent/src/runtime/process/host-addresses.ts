import { execFile } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { RuntimeError } from '../runtime';

const run = promisify(execFile);
const INTERFACE = 'wh-pods';

/** Makes the host answer to a pod's address. All of 127/8 it does already (on Linux). */
export async function addHostAddress(address: string): Promise<void> {
  if (isLoopback(address) || isPresent(address)) return;
  try {
    // Fails when it is there already, which is as good.
    await run('ip', ['link', 'add', INTERFACE, 'type', 'dummy']).catch(() => undefined);
    await run('ip', ['link', 'set', INTERFACE, 'up']);
    await run('ip', ['address', 'add', `${address}/32`, 'dev', INTERFACE]);
  } catch (error) {
    if (isPresent(address)) return;
    const text = error instanceof Error ? error.message : String(error);
    throw new RuntimeError(
      'create-failed',
      `cannot add the pod address ${address} to this host (ranges out of 127/8 need no rights): ${text}`,
      { cause: error },
    );
  }
}

export async function removeHostAddress(address: string): Promise<void> {
  if (isLoopback(address) || !isPresent(address)) return;
  // An address that stays is only litter; the next pod that gets it finds it present.
  await run('ip', ['address', 'del', `${address}/32`, 'dev', INTERFACE]).catch(() => undefined);
}

const isLoopback = (address: string): boolean => address.startsWith('127.');

const isPresent = (address: string): boolean =>
  Object.values(networkInterfaces()).some((list) => list?.some((entry) => entry.address === address));
