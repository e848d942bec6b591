import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const CIDR = /^\d+\.\d+\.\d+\.\d+\/\d+$/;

/** IPv4 ranges that mean something on this host already: addresses, routes, Docker's networks. Never throws. */
export async function usedRanges(dockerSocket = '/var/run/docker.sock'): Promise<string[]> {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .flatMap(({ cidr, internal }) => (cidr && !internal ? [cidr] : []));
  const found = await Promise.all([routes(), dockerSubnets(dockerSocket)]);
  return [...addresses, ...found.flat()].filter((range) => CIDR.test(range));
}

/** Without `ip`, or without permission, only addresses and Docker's networks are known. */
async function routes(): Promise<string[]> {
  try {
    const { stdout } = await execute('ip', ['-4', 'route', 'show', 'table', 'all']);
    return [...stdout.matchAll(/^(?:local |unicast )?(\d+\.\d+\.\d+\.\d+(?:\/\d+)?)/gm)].map(
      ([, range = '']) => (range.includes('/') ? range : `${range}/32`),
    );
  } catch {
    return [];
  }
}

function dockerSubnets(socketPath: string): Promise<string[]> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/networks', timeout: 2_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data) => {
        text += data;
      });
      response.on('end', () => resolve(subnetsIn(text)));
    });
    asked.on('timeout', () => asked.destroy());
    // No Docker, no networks of Docker.
    asked.on('error', () => resolve([]));
    asked.end();
  });
}

function subnetsIn(text: string): string[] {
  return [...text.matchAll(/"Subnet":\s*"([^"]+)"/g)].map(([, subnet = '']) => subnet);
}
