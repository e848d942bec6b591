import { readFileSync } from 'node:fs';
import { StartupError } from '../startup-error';
import type { DockerProbe } from './docker-probe';

export const RUNTIMES = ['docker', 'process', 'simulated'] as const;
export type RuntimeName = (typeof RUNTIMES)[number];

export interface RuntimeChoice {
  readonly runtime: RuntimeName;
  /** Whether a cluster that is made now gets addresses that the host routes, or loopback ones. */
  readonly addresses: 'routed' | 'loopback';
  /** A line for the person at the terminal when the choice may surprise. */
  readonly note: string | undefined;
}

/**
 * Which runtime the local nodes use. Pure. Docker needs the right to change this host's network beside a Docker
 * that answers, because pods reach services through the host; where either is missing, processes on loopback
 * addresses do the same without any privilege. Throws {@link StartupError} when `wanted` cannot be had.
 */
export function chooseRuntime(
  wanted: 'auto' | RuntimeName,
  facts: { readonly docker: DockerProbe; readonly mayAdministerNetwork: boolean },
): RuntimeChoice {
  const { docker, mayAdministerNetwork } = facts;
  const addresses = mayAdministerNetwork ? 'routed' : 'loopback';
  switch (wanted) {
    case 'simulated':
      return { runtime: 'simulated', addresses: 'routed', note: undefined };
    case 'process':
      return { runtime: 'process', addresses, note: undefined };
    case 'docker':
      if (!docker.answers) {
        throw new StartupError(
          `--runtime docker: ${docker.why}. Start Docker, or use --runtime process, which needs none.`,
        );
      }
      if (!mayAdministerNetwork) {
        throw new StartupError(
          '--runtime docker has to set up addresses on this host, which takes root (or CAP_NET_ADMIN). ' +
            'Run it with sudo, or use --runtime process, which needs no privilege.',
        );
      }
      return { runtime: 'docker', addresses: 'routed', note: undefined };
    case 'auto':
      if (docker.answers && mayAdministerNetwork)
        return { runtime: 'docker', addresses: 'routed', note: undefined };
      return {
        runtime: 'process',
        addresses,
        note: docker.answers
          ? 'Docker answers, but only root may set up its pod network: containers run as plain processes.'
          : `Containers run as plain processes: ${docker.why}.`,
      };
  }
}

/** Linux capability bit CAP_NET_ADMIN. */
const NET_ADMIN = 12n;

/** Whether this process may change addresses and routes. */
export function mayAdministerNetwork(): boolean {
  if (process.platform !== 'linux') return false;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> NET_ADMIN) & 1n) === 1n;
}
