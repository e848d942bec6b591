/**
 * The server of the suite's pods: HTTP on $PORT (8080), UDP on the same number, HTTPS on $TLS_PORT where $TLS_DIR
 * holds `tls.crt` and `tls.key`. Plain Node without packages: its image holds nothing else.
 */
import { createSocket } from 'node:dgram';
import { lookup, resolve, reverse } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { hostname } from 'node:os';

const port = Number(process.env.PORT ?? 8080);
const plain = (address = '') => address.replace(/^::ffff:/, '');

/** What both protocols answer to a word. */
const words = {
  healthz: () => 'ok',
  hostname: () => hostname(),
  /** Who asks, as the server sees them. */
  client: ({ address, port }) => `${plain(address)}:${port}`,
};

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://server');
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  console.log(`${request.method} ${request.url}`);
  const word = words[pathname.slice(1)];
  if (word) {
    const { remoteAddress, remotePort } = request.socket;
    return response.end(word({ address: remoteAddress, port: remotePort }));
  }
  if (pathname === '/ask') {
    // Asks somebody else, over HTTP or UDP.
    const { host, port, protocol, word } = Object.fromEntries(searchParams);
    const said =
      protocol === 'udp' ? await askUdp(host, Number(port), word) : await askHttp(host, port, word);
    return response.end(said);
  }
  response.setHeader('Content-Type', 'application/json');
  if (pathname === '/resolve') {
    // `type` is a DNS record's, or `address` for the way that programs take, by /etc/hosts and search domains.
    const { name, type } = Object.fromEntries(searchParams);
    const found =
      type === 'address'
        ? (await lookup(name, { all: true, family: 4 })).map(({ address }) => address)
        : type === 'PTR'
          ? await reverse(name)
          : await resolve(name, type);
    return response.end(JSON.stringify(found));
  }
  response.statusCode = Number(searchParams.get('code') ?? 200);
  const { method, url, headers } = request;
  response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
}

const askHttp = async (host, port, word) =>
  (await fetch(`http://${host}:${port}/${word}`, { signal: AbortSignal.timeout(3000) })).text();

const askUdp = (host, port, word) =>
  new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => end(reject, new Error(`no answer from ${host}:${port}`)), 3000);
    const end = (settle, value) => {
      clearTimeout(timer);
      socket.close();
      settle(value);
    };
    socket.on('message', (message) => end(resolve, message.toString()));
    socket.on('error', (error) => end(reject, error));
    socket.send(word, port, host);
  });

const handle = (request, response) =>
  answer(request, response).catch((error) => {
    response.statusCode = 502;
    response.end(`${error.message} ${error.cause?.message ?? ''}`);
  });

const udp = createSocket('udp4');
udp.on('message', (message, from) => {
  const word = message.toString().trim();
  udp.send(words[word]?.(from) ?? word, from.port, from.address);
});
udp.bind(port);
createServer(handle).listen(port);
if (process.env.TLS_DIR) {
  const file = (name) => readFileSync(`${process.env.TLS_DIR}/${name}`);
  createTlsServer({ cert: file('tls.crt'), key: file('tls.key') }, handle).listen(
    Number(process.env.TLS_PORT ?? 8443),
  );
}
process.on('SIGTERM', () => process.exit(0));
