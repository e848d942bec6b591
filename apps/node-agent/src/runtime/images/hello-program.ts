/**
 * The sample application, as the text of a script for plain Node: it must run in an image that holds nothing
 * else, so it cannot import anything of ours.
 *
 * HTTP on $PORT: a page for browsers, JSON for everyone else, /healthz, /readyz; a UDP echo on the same port.
 * On TERM it answers "not ready" but goes on serving for $DRAIN_MS (so that proxies can take it out), then
 * finishes open requests and exits 0.
 */
export const helloProgram = String.raw`
import { createServer } from 'node:http';
import { createSocket } from 'node:dgram';
import { hostname } from 'node:os';

const port = Number(process.env.PORT ?? 8080);
const host = process.env.HOST || undefined;
const drainMs = Number(process.env.DRAIN_MS ?? 1500);
const pod = process.env.POD_NAME || process.env.HOSTNAME || hostname();
const facts = {
  message: process.env.MESSAGE || 'Hello from Wheelhouse',
  pod,
  namespace: process.env.POD_NAMESPACE || '',
  node: process.env.NODE_NAME || '',
  address: process.env.POD_IP || '',
};
const startedAt = Date.now();
let requests = 0;
let draining = false;

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => '&#' + c.charCodeAt(0) + ';');
const hue = [...pod].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 360, 7);

const page = (body) => '<!doctype html><html lang="en"><meta charset="utf-8">' +
  '<meta name="viewport" content="width=device-width"><title>' + escape(pod) + '</title><style>' +
  'body{margin:0;min-height:100vh;display:grid;place-items:center;font:16px/1.5 system-ui,sans-serif;color:#fff;' +
  'background:linear-gradient(135deg,hsl(' + hue + ' 70% 42%),hsl(' + ((hue + 60) % 360) + ' 75% 30%))}' +
  'main{padding:2.5rem 3rem;border-radius:1.25rem;background:rgb(0 0 0/.28)}h1{margin:0 0 1rem;font-size:1.6rem}' +
  'dl{display:grid;grid-template-columns:auto 1fr;gap:.3rem 1.4rem;margin:0}dt{opacity:.75}dd{margin:0;font-weight:600}' +
  '</style><main><h1>' + escape(facts.message) + '</h1><dl>' +
  Object.entries(body).filter(([key, value]) => key !== 'message' && value !== '')
    .map(([key, value]) => '<dt>' + escape(key) + '</dt><dd>' + escape(value) + '</dd>').join('') +
  '</dl></main></html>';

const server = createServer((request, response) => {
  const path = (request.url ?? '/').split('?')[0];
  if (draining) response.setHeader('Connection', 'close');
  if (path === '/healthz') return response.end('ok\n');
  if (path === '/readyz') {
    response.statusCode = draining ? 503 : 200;
    return response.end(draining ? 'shutting down\n' : 'ok\n');
  }
  requests += 1;
  const body = { ...facts, requests, uptimeSeconds: Math.round((Date.now() - startedAt) / 1000), path };
  console.log(request.method + ' ' + request.url + ' #' + requests);
  request.resume();
  if ((request.headers.accept ?? '').includes('text/html')) {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(page(body));
  } else {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(body) + '\n');
  }
});
server.keepAliveTimeout = 30000;

const udp = createSocket('udp4');
udp.on('message', (message, from) => udp.send(message, from.port, from.address));
udp.on('error', (error) => console.error('udp: ' + error.message));

server.on('error', (error) => {
  console.error('cannot listen: ' + error.message);
  process.exit(1);
});
server.listen(port, host, () => {
  console.log(pod + ' listens on ' + (host ?? '*') + ':' + port);
  udp.bind(port, host);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    if (draining) return;
    draining = true;
    console.log(signal + ': draining');
    setTimeout(() => {
      udp.close();
      server.close(() => process.exit(0));
      server.closeIdleConnections();
      setTimeout(() => process.exit(0), 5000).unref();
    }, drainMs);
  });
}
`;
