import { connect } from 'node:tls';

export interface WatchLoad {
  readonly url: string;
  readonly ca: string;
  readonly path: string;
  readonly token: string;
  readonly watchers: number;
  /** Events that each watcher is going to get. */
  readonly events: number;
  /** Causes one event; resolves when the server has taken it. */
  cause(index: number): Promise<unknown>;
}

/** Opens the watches over TLS connections of their own, causes the events, and answers deliveries per second. */
export async function deliveriesPerSecond(load: WatchLoad): Promise<number> {
  const address = new URL(load.url);
  const opened = countdown(load.watchers);
  const delivered = countdown(load.watchers * load.events);
  const sockets = Array.from({ length: load.watchers }, () => {
    const socket = connect({ host: address.hostname, port: Number(address.port), ca: load.ca }, () =>
      socket.write(`GET ${load.path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${load.token}\r\n\r\n`),
    );
    let isOpen = false;
    socket.setEncoding('latin1').on('data', (text) => {
      if (!isOpen && String(text).includes('"type":"ADDED"')) {
        isOpen = true;
        opened.count(1);
      }
      delivered.count(occurrences(String(text), '"type":"MODIFIED"'));
    });
    socket.on('error', (error) => {
      opened.fail(error);
      delivered.fail(error);
    });
    return socket;
  });
  await opened.done;
  const started = performance.now();
  for (let index = 0; index < load.events; index++) await load.cause(index);
  await delivered.done;
  const seconds = (performance.now() - started) / 1000;
  for (const socket of sockets) socket.destroy();
  return (load.watchers * load.events) / seconds;
}

function countdown(total: number) {
  let left = total;
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const done = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return {
    done,
    fail: (error: Error) => reject(error),
    count(amount: number) {
      left -= amount;
      if (left <= 0) resolve();
    },
  };
}

function occurrences(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}
