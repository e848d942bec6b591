import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { FlowReport, LoadOrder, LoadReport, RequestOrder, WatchOrder } from '../lib/load-messages';

/**
 * The client of the benchmarks, a process of its own: raw TLS sockets, requests made of prepared text, answers counted
 * and not parsed, so that as little as possible of the machine goes to asking.
 */
const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = Buffer.from('ontent-length: ', 'latin1');
const OK = '2'.charCodeAt(0);
const STATUS_AT = 'HTTP/1.1 '.length;

const contexts = new Map<string, SecureContext>();

function open(target: { url: string; ca: string }, connected: (socket: TLSSocket) => void): TLSSocket {
  const { hostname, port } = new URL(target.url);
  let secureContext = contexts.get(target.ca);
  if (!secureContext) {
    secureContext = createSecureContext({ ca: target.ca });
    contexts.set(target.ca, secureContext);
  }
  const socket = connect({ host: hostname, port: Number(port), secureContext, servername: 'localhost' }, () =>
    connected(socket),
  );
  socket.setNoDelay(true);
  return socket;
}

/** One connection, one request at a time. `answered` gets the status class and the size of each answer. */
class Caller {
  readonly #socket: TLSSocket;
  #rest: Buffer | undefined;
  /** Bytes of the current body that are still to come; below zero: the head is. */
  #missing = -1;
  #size = 0;
  #good = false;
  answered: (good: boolean, bytes: number) => void = () => undefined;

  constructor(target: RequestOrder, ready: (caller: Caller) => void, failed: (error: Error) => void) {
    this.#socket = open(target, () => ready(this));
    this.#socket.on('data', (data) => this.#receive(data));
    this.#socket.on('error', failed);
    this.#socket.on('end', () => failed(new Error('the server hung up')));
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  close(): void {
    this.#socket.removeAllListeners('end');
    this.#socket.destroy();
  }

  #receive(data: Buffer): void {
    let chunk = data;
    if (this.#missing < 0) {
      if (this.#rest) chunk = Buffer.concat([this.#rest, data]);
      const end = chunk.indexOf(HEAD_END);
      if (end < 0) {
        this.#rest = chunk;
        return;
      }
      this.#rest = undefined;
      const at = chunk.indexOf(LENGTH);
      if (at < 0 || at > end)
        throw new Error(`an answer without a length: ${chunk.toString('latin1', 0, end)}`);
      this.#good = chunk[STATUS_AT] === OK;
      this.#missing = Number.parseInt(
        chunk.toString('latin1', at + LENGTH.length, at + LENGTH.length + 12),
        10,
      );
      this.#size = this.#missing;
      chunk = chunk.subarray(end + HEAD_END.length);
    }
    this.#missing -= chunk.length;
    if (this.#missing > 0) return;
    this.#missing = -1;
    this.answered(this.#good, this.#size);
  }
}

/** Makes the text of each request of an order. */
function requestTexts(order: RequestOrder): (index: number) => string {
  const pathParts = order.path.split('{i}');
  const bodyParts = order.body?.split('{turn}').map((part) => part.split('{i}'));
  const start = `Host: bench\r\nAuthorization: Bearer ${order.token}\r\nAccept: application/json\r\n`;
  return (index) => {
    const number = String(order.first + (order.modulo ? index % order.modulo : index));
    const head = `${order.method} ${pathParts.join(number)} HTTP/1.1\r\n${start}`;
    if (!bodyParts) return `${head}\r\n`;
    const body = bodyParts.map((part) => part.join(number)).join(String(index));
    return `${head}Content-Type: ${order.contentType ?? 'application/json'}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  };
}

/** Sends the requests of an order, `connections` at a time, until `count` are answered or `seconds` have passed. */
function run(order: RequestOrder): Promise<FlowReport> {
  return new Promise((resolve, reject) => {
    const textOf = requestTexts(order);
    const latencies: number[] = [];
    const callers: Caller[] = [];
    let next = 0;
    let done = 0;
    let refused = 0;
    let bytes = 0;
    let started = 0;
    let finished = false;
    const finish = () => {
      if (finished) return;
      finished = true;
      for (const caller of callers) caller.close();
      const sorted = latencies.sort((a, b) => a - b);
      const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
      resolve({
        seconds: (performance.now() - started) / 1000,
        done,
        refused,
        bytes,
        p50: at(0.5),
        p99: at(0.99),
        max: at(1),
      });
    };
    const fire = (caller: Caller) => {
      const index = next++;
      if (index >= order.count) return;
      const sent = performance.now();
      caller.answered = (good, size) => {
        latencies.push(performance.now() - sent);
        if (good) done++;
        else refused++;
        bytes += size;
        if (done + refused >= order.count) finish();
        else if (!finished && order.pauseMs) setTimeout(fire, order.pauseMs, caller);
        else if (!finished) fire(caller);
      };
      caller.send(textOf(index));
    };
    const begin = () => {
      started = performance.now();
      if (order.seconds) setTimeout(finish, order.seconds * 1000);
      for (const caller of callers) fire(caller);
    };
    let connecting = order.connections;
    const failed = (error: Error) => {
      if (!finished) reject(error);
    };
    for (let i = 0; i < order.connections; i++) {
      callers.push(new Caller(order, () => --connecting === 0 && begin(), failed));
    }
  });
}

const EVENT = Buffer.from('"type":"MODIFIED"');

/** Counts events in a stream that is cut into chunks anywhere. */
class MarkCounter {
  #tail = Buffer.alloc(0);

  marks(data: Buffer): number {
    const edge = EVENT.length - 1;
    // A mark that is cut in two lies wholly in the end of the last chunk and the beginning of this one.
    let seen = occurrences(Buffer.concat([this.#tail, data.subarray(0, edge)]));
    // A beginning that was searched with the tail is shorter than a mark: none is counted twice.
    seen += occurrences(data);
    this.#tail = Buffer.from(
      data.length < edge ? Buffer.concat([this.#tail, data]).subarray(-edge) : data.subarray(-edge),
    );
    return seen;
  }
}

function occurrences(data: Buffer): number {
  let count = 0;
  for (let at = data.indexOf(EVENT); at >= 0; at = data.indexOf(EVENT, at + EVENT.length)) count++;
  return count;
}

/** Watches: counts events on all of them. */
class Watchers {
  readonly #sockets: TLSSocket[] = [];
  #seen = 0;
  #wanted = 0;
  #reached: (at: number) => void = () => undefined;

  async open(order: WatchOrder): Promise<void> {
    let left = order.watchers;
    await new Promise<void>((resolve, reject) => {
      for (let i = 0; i < order.watchers; i++) {
        const socket = open(order, () =>
          socket.write(
            `GET ${order.path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${order.token}\r\n\r\n`,
          ),
        );
        this.#sockets.push(socket);
        let isOpen = false;
        const count = new MarkCounter();
        socket.on('error', reject);
        socket.on('data', (data) => {
          if (!isOpen && data.includes('"type":"ADDED"')) {
            isOpen = true;
            if (--left === 0) resolve();
          }
          this.#seen += count.marks(data);
          if (this.#seen >= this.#wanted) this.#reached(performance.now());
        });
      }
    });
  }

  /** Resolves with the time at which `count` more events have come, counted from the open or the last such call. */
  expect(count: number): Promise<number> {
    this.#wanted += count;
    return new Promise((resolve) => {
      this.#reached = resolve;
      if (this.#seen >= this.#wanted) resolve(performance.now());
    });
  }

  close(): void {
    this.#seen = 0;
    this.#wanted = 0;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.length = 0;
  }
}

const watchers = new Watchers();

async function carryOut(order: LoadOrder): Promise<LoadReport> {
  switch (order.kind) {
    case 'requests':
      return { kind: 'flows', flows: await Promise.all(order.flows.map(run)) };
    case 'watch':
      await watchers.open(order);
      return { kind: 'opened' };
    case 'deliver': {
      const started = performance.now();
      const end = watchers.expect(order.events);
      return { kind: 'delivered', seconds: ((await end) - started) / 1000 };
    }
    case 'close':
      watchers.close();
      return { kind: 'closed' };
  }
}

process.on('message', (message) => {
  // The parent sends nothing else.
  const { id, order } = message as { id: number; order: LoadOrder };
  carryOut(order).then(
    (report) => process.send?.({ id, report }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
