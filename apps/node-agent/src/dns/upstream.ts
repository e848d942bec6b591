import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { isIP, isIPv6 } from 'node:net';
import * as packet from 'dns-packet';

/** How long one upstream server may take, in ms; the next one is asked after that. */
const TIMEOUT_MS = 2_000;

/** Answers questions that are not the cluster's. Rejects when no server answered. */
export type Upstream = (query: Buffer) => Promise<Buffer>;

/** The name servers of this host, without `exclude` (our own address would be a loop). */
export function hostNameServers(exclude: string, file = '/etc/resolv.conf'): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // No resolver configuration: a host that resolves nothing, so do its pods.
    return [];
  }
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)]
    .map((match) => match[1] ?? '')
    .filter((address) => isIP(address) > 0 && address !== exclude);
}

/** Passes a query on as it came, to one server after the other. */
export function createUpstream(servers: readonly string[], port = 53): Upstream {
  return async (query) => {
    let last: unknown = new Error('this host has no name servers');
    for (const server of servers) {
      try {
        return await ask(server, port, query);
      } catch (error) {
        last = error;
      }
    }
    throw last;
  };
}

function ask(server: string, port: number, query: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // A socket per question: its random port is part of what an attacker would have to guess.
    const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
    const finish = (act: () => void) => {
      clearTimeout(timer);
      socket.close();
      act();
    };
    const timer = setTimeout(() => finish(() => reject(new Error(`${server} did not answer`))), TIMEOUT_MS);
    socket.once('error', (error) => finish(() => reject(error)));
    socket.on('message', (answer) => {
      if (answer.length >= 12 && answer.readUInt16BE(0) === query.readUInt16BE(0))
        finish(() => resolve(answer));
    });
    socket.connect(port, server, () => socket.send(query));
  });
}

/** Decodes a query; undefined for what is not one. */
export function decodeQuery(data: Buffer): packet.DecodedPacket | undefined {
  try {
    const query = packet.decode(data);
    return query.type === 'query' && query.questions?.length === 1 ? query : undefined;
  } catch {
    return undefined;
  }
}
