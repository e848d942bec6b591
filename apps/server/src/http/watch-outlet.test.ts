import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { chunkOf, chunkOutlet, takesChunks } from './watch-outlet';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** The text that a client gets for requests sent at once. */
async function answersTo(requests: string, answer: (res: ServerResponse) => void): Promise<string> {
  server = createServer((_req, res) => answer(res));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  // A TCP server's address is always of this form.
  const { port } = server.address() as AddressInfo;
  const socket: Socket = connect(port, '127.0.0.1', () => socket.write(requests));
  let text = '';
  for await (const data of socket) text += String(data);
  return text;
}

it('writes chunks that a client reads as one body, before and after what the response writes itself', async () => {
  let taken: boolean | undefined;
  const text = await answersTo('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', (res) => {
    taken = takesChunks(res);
    res.writeHead(200);
    res.flushHeaders();
    res.write('first');
    chunkOutlet(res).write(chunkOf([Buffer.from('se'), Buffer.from('cond')]));
    res.end('third');
  });
  expect(taken).toBe(true);
  expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(
    '5\r\nfirst\r\n6\r\nsecond\r\n5\r\nthird\r\n0\r\n\r\n',
  );
});

it('leaves the connection alone once the response has ended', async () => {
  const text = await answersTo('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', (res) => {
    const outlet = chunkOutlet(res);
    res.once('finish', () => setImmediate(() => outlet.write(chunkOf([Buffer.from('late')]))));
    res.end('done');
  });
  expect(text).not.toContain('late');
});

it.each([
  ['HTTP/1.0 knows no chunks', 'GET / HTTP/1.0\r\n\r\n'],
  ['answers to HEAD have no body', 'HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
])('%s', async (_why, request) => {
  let taken: boolean | undefined;
  await answersTo(request, (res) => {
    taken = takesChunks(res);
    res.end();
  });
  expect(taken).toBe(false);
});

it('a response that waits for an earlier one on its connection does not', async () => {
  const taken: boolean[] = [];
  const one = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
  await answersTo(`${one}GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, (res) => {
    taken.push(takesChunks(res));
    if (taken.length === 1) setImmediate(() => res.end());
    else res.end();
  });
  expect(taken).toEqual([true, false]);
});
