import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { forwardRequest, forwardUpgrade } from './forward-request';
import { rewriteLink, rewritePage, splitProxyPath } from './proxy-path';
import { parseProxyName, podPort, requireProxyable, serviceBackends } from './proxy-target';

const PREFIX = '/api/v1/namespaces/ns/pods/p/proxy';

describe('the path of a proxy request', () => {
  it.each([
    [PREFIX, PREFIX, '', ''],
    [`${PREFIX}/`, PREFIX, '/', ''],
    [`${PREFIX}/a%2Fb/?x=1/proxy`, PREFIX, '/a%2Fb/', '?x=1/proxy'],
    ['/api/v1/nodes/n/proxy/stats/summary', '/api/v1/nodes/n/proxy', '/stats/summary', ''],
  ])('%s', (path, prefix, target, query) => {
    expect(splitProxyPath(path)).toEqual({ prefix, target, query });
  });
  it('is not there elsewhere', () => expect(splitProxyPath('/api/v1/namespaces/ns/pods/p')).toBeUndefined());

  it.each([
    ['/page', `${PREFIX}/page`],
    ['http://api:1/page?x', `${PREFIX}/page?x`],
    ['https://elsewhere/page', 'https://elsewhere/page'],
    ['page', 'page'],
    [`${PREFIX}/page`, `${PREFIX}/page`],
  ])('rewrites %s', (link, expected) => expect(rewriteLink(link, PREFIX, 'api:1')).toBe(expected));

  it('rewrites the links of a page and nothing else', () => {
    const rewrite = (link: string) => rewriteLink(link, PREFIX, 'h');
    expect(
      rewritePage('<a class=x href="/a">/a</a><img src=\'/b\'><p title="/c"><script>"/d"</script>', rewrite),
    ).toBe(`<a class=x href="${PREFIX}/a">/a</a><img src='${PREFIX}/b'><p title="/c"><script>"/d"</script>`);
  });
});

describe('what a proxied name means', () => {
  it.each([
    ['p', { scheme: 'http', name: 'p', port: '' }],
    ['p:80', { scheme: 'http', name: 'p', port: '80' }],
    ['https:p:443', { scheme: 'https', name: 'p', port: '443' }],
    ['https:p:', { scheme: 'https', name: 'p', port: '' }],
  ])('%s', (text, expected) => expect(parseProxyName(text, 'pod')).toEqual(expected));
  it.each(['ftp:p:1', ':80', 'a:b:c:d'])('refuses %s', (text) =>
    expect(() => parseProxyName(text, 'pod')).toThrow(/invalid pod request/),
  );

  it('finds the port of a pod', () => {
    const pod = { spec: { containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 8080 }] }] } };
    expect(podPort(pod, parseProxyName('p', 'pod'))).toBe(8080);
    expect(podPort(pod, parseProxyName('p:web', 'pod'))).toBe(8080);
    expect(podPort(pod, parseProxyName('p:9', 'pod'))).toBe(9);
    expect(() => podPort(pod, parseProxyName('p:none', 'pod'))).toThrow(/invalid port/);
  });

  it('finds the ready endpoints of a service', () => {
    const service = {
      metadata: { name: 's', namespace: 'ns' },
      spec: { ports: [{ port: 80, name: 'web' }] },
    };
    const endpoint = (address: string, ready: boolean) => ({
      addresses: [address],
      conditions: { ready },
      nodeName: 'n',
      targetRef: { kind: 'Pod', name: `pod-${address}`, namespace: 'ns' },
    });
    const slices = [
      {
        addressType: 'IPv4',
        ports: [{ name: 'web', port: 8080 }],
        endpoints: [endpoint('10.0.0.1', true), endpoint('10.0.0.2', false)],
      },
    ];
    const expected = [
      { address: '10.0.0.1', port: 8080, pod: { namespace: 'ns', name: 'pod-10.0.0.1', nodeName: 'n' } },
    ];
    expect(serviceBackends(service, slices, parseProxyName('s:80', 'service'))).toEqual(expected);
    expect(serviceBackends(service, slices, parseProxyName('s:web', 'service'))).toEqual(expected);
    for (const name of ['s', 's:81', 's:other'])
      expect(() => serviceBackends(service, slices, parseProxyName(name, 'service'))).toThrow();
  });

  it('does not lead to the server itself', () => {
    for (const address of ['127.0.0.1', '169.254.169.254', '0.0.0.0', '::1', 'fe80::1', '::ffff:127.0.0.1'])
      expect(() => requireProxyable(address)).toThrow('address not allowed');
    requireProxyable('10.0.0.1');
  });
});

describe('a proxied request', () => {
  let backend: Server;
  let front: Server;
  let seen: IncomingMessage | undefined;
  beforeEach(async () => {
    backend = createServer((req, res) => {
      seen = req;
      if (req.url === '/moved') res.writeHead(302, { location: '/there' }).end();
      else if (req.url === '/page')
        res
          .writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' })
          .end(gzipSync('<a href="/x">'));
      else if (req.url === '/bare') req.socket.end('HTTP/1.0 200 OK\nContent-Type: text/plain\n\nbare');
      else req.pipe(res.writeHead(201, { 'x-own': 'yes' }));
    });
    const sockets = new WebSocketServer({ server: backend });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    backend.listen(0, '127.0.0.1');
    await once(backend, 'listening');
    const dial = async () => {
      const socket = connect((backend.address() as AddressInfo).port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    };
    front = createServer(async (req, res) => {
      const path = splitProxyPath(req.url ?? '');
      if (path) await forwardRequest({ req, res }, await dial(), path);
    });
    front.on('upgrade', async (req, socket, head) => {
      const path = splitProxyPath(req.url ?? '');
      if (path) forwardUpgrade({ req, socket, head }, await dial(), path);
    });
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
  });
  afterEach(() => {
    for (const server of [front, backend]) {
      server.closeAllConnections();
      server.close();
    }
  });
  const url = (path: string) => `http://127.0.0.1:${(front.address() as AddressInfo).port}${PREFIX}${path}`;

  it('carries method, body and headers both ways, and no credential', async () => {
    const answer = await fetch(url('/echo?x=1'), {
      method: 'PUT',
      body: 'content',
      headers: { authorization: 'Bearer secret', 'impersonate-user': 'root', 'x-mine': '1' },
    });
    expect([answer.status, answer.headers.get('x-own'), await answer.text()]).toEqual([
      201,
      'yes',
      'content',
    ]);
    expect(seen).toMatchObject({ method: 'PUT', url: '/echo?x=1' });
    expect(seen?.headers).toMatchObject({ 'x-mine': '1', 'x-forwarded-uri': `${PREFIX}/echo` });
    expect(Object.keys(seen?.headers ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/authorization|impersonate/)]),
    );
  });

  it('leads redirects and links through the proxy', async () => {
    const moved = await fetch(url('/moved'), { redirect: 'manual' });
    expect(moved.headers.get('location')).toBe(`${PREFIX}/there`);
    expect(await (await fetch(url('/page'))).text()).toBe(`<a href="${PREFIX}/x">`);
  });

  it('reads lines that end in a bare line feed', async () => {
    const answer = await fetch(url('/bare'));
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual(['text/plain', 'bare']);
  });

  it('passes WebSockets on', async () => {
    const socket = new WebSocket(url('/socket').replace('http', 'ws'));
    await once(socket, 'open');
    socket.send('hello');
    const [data] = await once(socket, 'message');
    expect(data.toString()).toBe('hello');
    socket.terminate();
  });
});
