import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Linux capability bit CAP_NET_ADMIN. */
const NET_ADMIN = 12n;

/** Whether this process may change addresses, routes and packet filters. */
export function mayAdministerNetwork(): boolean {
  if (process.platform !== 'linux') return false;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> NET_ADMIN) & 1n) === 1n;
}

export const isLoopbackRange = (cidr: string): boolean => cidr.startsWith('127.');

/**
 * Makes every address of `cidr` one of this host's own, by a single local route (Linux' AnyIP), so that a process
 * can listen on any of them. Loopback ranges are so already. Idempotent.
 * Throws an Error that says what to do when it is not permitted.
 */
export async function makeRangeLocal(cidr: string): Promise<void> {
  if (isLoopbackRange(cidr)) return;
  if (!mayAdministerNetwork()) {
    throw new Error(
      `The service range ${cidr} cannot be made reachable on this host: that takes root or CAP_NET_ADMIN. ` +
        'Run the agent with it, or start the cluster with a service range within 127.0.0.0/8.',
    );
  }
  await execute('ip', ['route', 'replace', 'local', cidr, 'dev', 'lo', 'table', 'local']);
}

/** Undoes {@link makeRangeLocal}; a range that is not there is fine. */
export async function releaseRange(cidr: string): Promise<void> {
  if (isLoopbackRange(cidr) || !mayAdministerNetwork()) return;
  await execute('ip', ['route', 'del', 'local', cidr, 'dev', 'lo', 'table', 'local']).catch(() => undefined);
}
