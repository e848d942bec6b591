import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import * as packet from 'dns-packet';
import { type ClusterView, lookUp } from './cluster-zone';
import { followAlias } from './follow-alias';
import { encodeRecord, recordsOfType, TTL } from './records';
import { decodeQuery, type Upstream } from './upstream';

/** Answers beyond this many bytes are cut over UDP (the client asks again over TCP), unless EDNS allows more. */
const UDP_SIZE = 512;
const MAX_TCP_CONNECTIONS = 256;
const TCP_IDLE_MS = 10_000;

export interface DnsServerOptions {
  readonly view: ClusterView;
  /** Without dots at the ends, e.g. `cluster.local`. */
  readonly domain: string;
  readonly upstream: Upstream;
}

/** A name server over UDP and TCP: the cluster's zone from memory, everything else from upstream. */
export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #udp: DatagramSocket = createSocket('udp4');
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();

  constructor(options: DnsServerOptions) {
    this.#options = options;
    this.#udp.on('message', (data, peer) => {
      this.#answer(data, UDP_SIZE).then(
        (answer) => answer && this.#udp.send(answer, peer.port, peer.address),
        // The answer could not be made: a client that hears nothing asks again.
        () => undefined,
      );
    });
    this.#tcp = createServer((socket) => this.#serveTcp(socket));
    this.#tcp.maxConnections = MAX_TCP_CONNECTIONS;
  }

  /** Rejects with the system's error (EADDRINUSE, EADDRNOTAVAIL, EACCES …). Returns the port (for port 0). */
  async listen(address: string, port: number): Promise<number> {
    // TCP chooses the port for both: a free port there is hardly ever taken for UDP, the other way round it often is.
    const bound = await new Promise<number>((resolve, reject) => {
      this.#tcp.once('error', reject);
      this.#tcp.listen(port, address, () => {
        this.#tcp.off('error', reject);
        this.#tcp.on('error', () => undefined);
        const local = this.#tcp.address();
        resolve(typeof local === 'object' && local ? local.port : port);
      });
    });
    await new Promise<void>((resolve, reject) => {
      this.#udp.once('error', reject);
      this.#udp.bind(bound, address, () => {
        this.#udp.off('error', reject);
        this.#udp.on('error', () => undefined);
        resolve();
      });
    });
    return bound;
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
    for (const socket of this.#connections) socket.destroy();
  }

  async #answer(data: Buffer, limit: number): Promise<Buffer | undefined> {
    const query = decodeQuery(data);
    const question = query?.questions?.[0];
    if (!query || !question) return undefined;
    const result = lookUp(question.name.toLowerCase(), this.#options.domain, this.#options.view);
    switch (result.kind) {
      case 'elsewhere':
        return this.#options
          .upstream(data)
          .catch(() => packet.encode({ ...reply(query), flags: recursive(2) }));
      case 'no-such-name':
        return packet.encode({ ...reply(query), flags: authoritative(3), authorities: [this.#soa()] });
      case 'found': {
        const answers = recordsOfType(result.records, question.type);
        const followed = await followAlias(answers, question.type, this.#options);
        const full = {
          ...reply(query),
          flags: authoritative(0),
          answers: [...rotate(answers).map((record) => encodeRecord(record, question.name)), ...followed],
          additionals:
            answers.length > 0 ? result.additional.map((record) => encodeRecord(record, record.name)) : [],
          authorities: answers.length === 0 ? [this.#soa()] : [],
        };
        const encoded = packet.encode(full);
        const allowed = Math.max(limit, limit === UDP_SIZE ? ednsSize(query) : 0);
        if (encoded.length <= allowed) return encoded;
        return packet.encode({ ...reply(query), flags: authoritative(0) | packet.TRUNCATED_RESPONSE });
      }
    }
  }

  #soa(): packet.Answer {
    const { domain } = this.#options;
    return {
      type: 'SOA',
      name: domain,
      ttl: TTL,
      data: {
        mname: `ns.dns.${domain}`,
        rname: `hostmaster.${domain}`,
        serial: 1,
        refresh: 7200,
        retry: 1800,
        expire: 86_400,
        minimum: TTL,
      },
    };
  }

  #serveTcp(socket: Socket): void {
    this.#connections.add(socket);
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
    socket.on('close', () => this.#connections.delete(socket)).on('error', () => undefined);
    let pending: Buffer = Buffer.alloc(0);
    socket.on('data', (data) => {
      pending = Buffer.concat([pending, data]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        const message = pending.subarray(2, end);
        pending = pending.subarray(end);
        this.#answer(message, 65_535).then(
          (answer) => {
            if (!answer) return socket.destroy();
            const length = Buffer.alloc(2);
            length.writeUInt16BE(answer.length);
            socket.write(Buffer.concat([length, answer]));
          },
          () => socket.destroy(),
        );
      }
    });
  }
}

const reply = (query: packet.DecodedPacket) => ({
  type: 'response' as const,
  id: query.id ?? 0,
  questions: query.questions ?? [],
});
const recursive = (code: number): number => packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | code;
const authoritative = (code: number): number => recursive(code) | packet.AUTHORITATIVE_ANSWER;

function ednsSize(query: packet.DecodedPacket): number {
  const option = query.additionals?.find((record) => record.type === 'OPT');
  return option?.type === 'OPT' ? Math.min(option.udpPayloadSize, 4096) : 0;
}

let turn = 0;
/** Clients take the first address: everyone gets another first one. */
function rotate<T>(items: readonly T[]): T[] {
  if (items.length < 2) return [...items];
  turn = (turn + 1) % items.length;
  return [...items.slice(turn), ...items.slice(0, turn)];
}
