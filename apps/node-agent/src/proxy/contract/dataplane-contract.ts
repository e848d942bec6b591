import { createSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Backend, Dataplane, RuleProblem, ServiceRule } from '../dataplane';

export interface ContractSubject {
  readonly dataplane: Dataplane;
  /** An address on which rules may listen. */
  readonly serviceIp: string;
  /** An address of the node's own, for node ports. */
  readonly nodeIp: string;
  /** An address on which test backends may listen. */
  readonly backendIp: string;
  readonly problems: readonly RuleProblem[];
  /** Skipped cases by name, with the reason. */
  readonly lacks?: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** What every dataplane promises, tried with real sockets. */
export function dataplaneContract(
  name: string,
  create: () => Promise<ContractSubject>,
  lacks: Readonly<Record<string, string>> = {},
) {
  describe(`dataplane contract: ${name}`, () => {
    const cleanUps: (() => unknown)[] = [];
    afterEach(async () => {
      for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    });
    const setUp = async () => {
      const subject = await create();
      cleanUps.push(() => subject.close());
      return subject;
    };
    const backend = async (address: string, answer: string) => {
      const server = await answering(address, answer);
      cleanUps.push(() => server.close());
      return server;
    };
    const test = (title: string, body: () => Promise<void>) =>
      lacks[title] ? it.skip(`${title} (${lacks[title]})`, body) : it(title, body);

    test('takes turns over the backends', async () => {
      const { dataplane, serviceIp, backendIp } = await setUp();
      const servers = await Promise.all(['a', 'b', 'c'].map((answer) => backend(backendIp, answer)));
      await dataplane.apply([rule(serviceIp, 18_080, servers)]);
      const answers: string[] = [];
      for (let turn = 0; turn < 9; turn++) answers.push(await ask(serviceIp, 18_080));
      expect(countOf(answers)).toEqual({ a: 3, b: 3, c: 3 });
      expect(new Set(answers.slice(0, 3)).size).toBe(3);
    });

    test('follows a change of the backends', async () => {
      const { dataplane, serviceIp, backendIp } = await setUp();
      const [first, second] = [await backend(backendIp, 'first'), await backend(backendIp, 'second')];
      await dataplane.apply([rule(serviceIp, 18_081, [first])]);
      expect(await ask(serviceIp, 18_081)).toBe('first');
      await dataplane.apply([rule(serviceIp, 18_081, [second])]);
      expect(await ask(serviceIp, 18_081)).toBe('second');
    });

    test('lets open connections to a removed backend finish', async () => {
      const { dataplane, serviceIp, backendIp } = await setUp();
      const [first, second] = [await backend(backendIp, 'first'), await backend(backendIp, 'second')];
      await dataplane.apply([rule(serviceIp, 18_082, [first])]);
      const open = await openConnection(serviceIp, 18_082);
      await dataplane.apply([rule(serviceIp, 18_082, [second])]);
      expect(await sayOn(open)).toBe('first');
      expect(await ask(serviceIp, 18_082)).toBe('second');
    });

    test('refuses when there is no backend, and when the rule is gone', async () => {
      const { dataplane, serviceIp, backendIp } = await setUp();
      const server = await backend(backendIp, 'x');
      await dataplane.apply([rule(serviceIp, 18_083, [])]);
      await expect(ask(serviceIp, 18_083)).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
      await dataplane.apply([rule(serviceIp, 18_083, [server])]);
      expect(await ask(serviceIp, 18_083)).toBe('x');
      await dataplane.apply([]);
      await expect(ask(serviceIp, 18_083)).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
    });

    test('answers on the node port with the external backends', async () => {
      const { dataplane, serviceIp, nodeIp, backendIp } = await setUp();
      const [inside, outside] = [await backend(backendIp, 'inside'), await backend(backendIp, 'outside')];
      await dataplane.apply([
        { ...rule(serviceIp, 18_084, [inside]), nodePort: 30_984, externalBackends: [outside.target] },
      ]);
      expect(await ask(serviceIp, 18_084)).toBe('inside');
      expect(await ask(nodeIp, 30_984)).toBe('outside');
    });

    test('keeps a client with its backend under ClientIP affinity', async () => {
      const { dataplane, serviceIp, backendIp } = await setUp();
      const servers = await Promise.all(['a', 'b', 'c'].map((answer) => backend(backendIp, answer)));
      await dataplane.apply([{ ...rule(serviceIp, 18_085, servers), affinitySeconds: 60 }]);
      const answers = [];
      for (let turn = 0; turn < 6; turn++) answers.push(await ask(serviceIp, 18_085));
      expect(new Set(answers).size).toBe(1);
    });

    test('passes over a backend that refuses', async () => {
      const { dataplane, serviceIp, backendIp } = await setUp();
      const [alive, dead] = [await backend(backendIp, 'alive'), await backend(backendIp, 'dead')];
      await dataplane.apply([rule(serviceIp, 18_086, [alive, dead])]);
      await dead.close();
      for (let turn = 0; turn < 4; turn++) expect(await ask(serviceIp, 18_086)).toBe('alive');
    });

    test('forwards datagrams, a flow to one backend, turns over flows', async () => {
      const { dataplane, serviceIp, backendIp } = await setUp();
      const echoes = await Promise.all(['a', 'b'].map((answer) => echoing(backendIp, answer)));
      for (const echo of echoes) cleanUps.push(() => echo.close());
      await dataplane.apply([
        { ...rule(serviceIp, 18_087, echoes), id: 'test/udp:18087/UDP', protocol: 'UDP' },
      ]);
      const clients = [datagramClient(serviceIp, 18_087), datagramClient(serviceIp, 18_087)];
      for (const client of clients) cleanUps.push(() => client.close());
      const first = [await clients[0]?.ask('1'), await clients[1]?.ask('1')];
      expect(first.sort()).toEqual(['a 1', 'b 1']);
      const owner = (await clients[0]?.ask('2'))?.[0];
      expect(await clients[0]?.ask('3')).toBe(`${owner} 3`);
    });

    test('moves datagram flows off a removed backend', async () => {
      const { dataplane, serviceIp, backendIp } = await setUp();
      const [a, b] = [await echoing(backendIp, 'a'), await echoing(backendIp, 'b')];
      cleanUps.push(
        () => a.close(),
        () => b.close(),
      );
      const udp = { id: 'test/udp:18088/UDP', protocol: 'UDP' } as const;
      await dataplane.apply([{ ...rule(serviceIp, 18_088, [a]), ...udp }]);
      const client = datagramClient(serviceIp, 18_088);
      cleanUps.push(() => client.close());
      expect(await client.ask('1')).toBe('a 1');
      await dataplane.apply([{ ...rule(serviceIp, 18_088, [b]), ...udp }]);
      expect(await client.ask('2')).toBe('b 2');
    });

    test('carries large transfers and half-closed connections', async () => {
      const { dataplane, serviceIp, backendIp } = await setUp();
      const server = await counting(backendIp);
      cleanUps.push(() => server.close());
      await dataplane.apply([rule(serviceIp, 18_089, [server])]);
      const socket = await openConnection(serviceIp, 18_089);
      socket.end(Buffer.alloc(8 * 1024 * 1024, 1));
      expect(await allOf(socket)).toBe(String(8 * 1024 * 1024));
    });
  });
}

interface Listening {
  readonly target: Backend;
  close(): Promise<void>;
}

function rule(serviceIp: string, port: number, servers: readonly Listening[]): ServiceRule {
  const backends = servers
    .map((server) => server.target)
    .sort((one, other) => (`${one.address}:${one.port}` < `${other.address}:${other.port}` ? -1 : 1));
  return {
    id: `test/service:${port}/TCP`,
    protocol: 'TCP',
    serviceIps: [serviceIp],
    port,
    nodePort: undefined,
    backends,
    externalBackends: backends,
    affinitySeconds: undefined,
  };
}

function countOf(items: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
}

function listening(server: Server, address: string): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, () => {
      const bound = server.address();
      if (bound === null || typeof bound === 'string') return reject(new Error('no address'));
      resolve({
        target: { address, port: bound.port },
        close: () =>
          new Promise((done) => {
            for (const socket of sockets) socket.destroy();
            server.close(() => done());
          }),
      });
    });
  });
}

/** Answers every line with `answer` and ends. */
const answering = (address: string, answer: string) =>
  listening(
    createServer((socket) => socket.once('data', () => socket.end(answer))),
    address,
  );

/** Answers the number of bytes received, once the client has ended its side. */
const counting = (address: string) =>
  listening(
    createServer({ allowHalfOpen: true }, (socket) => {
      let count = 0;
      socket.on('data', (data) => {
        count += data.length;
      });
      socket.on('end', () => socket.end(String(count)));
    }),
    address,
  );

function openConnection(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, allowHalfOpen: true });
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

function allOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (data) => {
      text += data;
    });
    socket.on('end', () => {
      socket.destroy();
      if (text) resolve(text);
      else reject(new Error('ECONNRESET: ended without an answer'));
    });
    socket.on('error', reject);
  });
}

function sayOn(socket: Socket): Promise<string> {
  const answer = allOf(socket);
  socket.write('hello\n');
  return answer;
}

const ask = async (address: string, port: number): Promise<string> =>
  sayOn(await openConnection(address, port));

function echoing(address: string, name: string): Promise<Listening> {
  const socket = createSocket('udp4');
  socket.on('message', (data, peer) => socket.send(`${name} ${data}`, peer.port, peer.address));
  return new Promise((resolve) => {
    socket.bind(0, address, () =>
      resolve({
        target: { address, port: socket.address().port },
        close: () => new Promise((done) => socket.close(() => done())),
      }),
    );
  });
}

/** Sends until answered: a datagram may be lost, the contract is about where it goes. */
function datagramClient(address: string, port: number) {
  const socket = createSocket('udp4');
  return {
    ask: (text: string) =>
      new Promise<string>((resolve) => {
        const again = setInterval(() => socket.send(text, port, address), 200);
        const onMessage = (data: Buffer) => {
          if (!String(data).endsWith(` ${text}`)) return;
          clearInterval(again);
          socket.off('message', onMessage);
          resolve(String(data));
        };
        socket.on('message', onMessage);
        socket.send(text, port, address);
      }),
    close: () => new Promise<void>((done) => socket.close(() => done())),
  };
}
