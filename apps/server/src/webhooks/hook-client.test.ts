import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@wheelhouse/shared/clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCertificateAuthority } from '../auth/certificate-authority';
import { HttpsHookClient } from './hook-client';

let directory: string;
let server: Server;
let caBundle: string;
let otherCa: string;
let hooks: HttpsHookClient;
let connections = 0;
const dialled: object[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wheelhouse-hooks-'));
  const authority = await openCertificateAuthority(join(directory, 'one'), systemClock);
  const other = await openCertificateAuthority(join(directory, 'other'), systemClock);
  const pair = await authority.issueServer(['judge.court.svc', '127.0.0.1'], 1);
  caBundle = Buffer.from(authority.certificate).toString('base64');
  otherCa = Buffer.from(other.certificate).toString('base64');
  server = createServer({ key: pair.key, cert: pair.certificate }, (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const [path] = (req.url ?? '').split('?');
      if (path === '/never') return;
      if (path === '/broken') return void res.writeHead(500).end('out of order\n');
      if (path === '/text') return void res.end('hello');
      const body = JSON.parse(Buffer.concat(chunks).toString());
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify({ url: req.url, host: req.headers.host, body }));
    });
  });
  server.on('secureConnection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hooks = new HttpsHookClient(async (service) => {
    dialled.push(service);
    if (service.name === 'nobody') throw new Error('service "nobody" not found');
    return connect((server.address() as AddressInfo).port, '127.0.0.1');
  });
});
afterAll(async () => {
  await hooks.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

const service = (path: string, name = 'judge') => ({ name, namespace: 'court', path });
const ask = (path: string, more: { ca?: string; name?: string; timeoutSeconds?: number } = {}) =>
  hooks.call({
    target: { service: service(path, more.name), caBundle: more.ca ?? caBundle },
    body: { a: 1 },
    timeoutSeconds: more.timeoutSeconds ?? 10,
  });

describe('a webhook', () => {
  it('behind a service is reached under its name, on connections that are kept', async () => {
    const answer = { url: '/try?timeout=10s', host: 'judge.court.svc', body: { a: 1 } };
    for (let i = 0; i < 10; i++) expect(await ask('/try')).toEqual(answer);
    expect(dialled[0]).toEqual({ namespace: 'court', name: 'judge', port: 443 });
    // The next question may be on its way before the last answer has given its connection back.
    expect(connections).toBeLessThan(5);
  });

  it('at an address is reached there', async () => {
    const { port } = server.address() as AddressInfo;
    const target = { url: `https://127.0.0.1:${port}/there`, caBundle };
    expect(await hooks.call({ target, body: {}, timeoutSeconds: 2 })).toMatchObject({
      url: '/there?timeout=2s',
    });
  });

  it.each([
    [
      'does not answer in time',
      ['/never', { timeoutSeconds: 1 }],
      'Post "https://judge.court.svc:443/never?timeout=1s": context deadline exceeded',
    ],
    [
      'fails',
      ['/broken', {}],
      'an error on the server ("out of order") has prevented the request from succeeding',
    ],
    [
      'is not there',
      ['/x', { name: 'nobody' }],
      'Post "https://nobody.court.svc:443/x?timeout=10s": service "nobody" not found',
    ],
    ['answers no JSON', ['/text', {}], "couldn't decode the answer"],
    ['has another name', ['/x', { name: 'other' }], 'tls: failed to verify certificate: x509:'],
  ] as const)('that %s has not answered', async (_how, [path, more], words) => {
    await expect(ask(path, more)).rejects.toThrow(words);
  });

  it('that another authority vouches for is not believed', async () => {
    await expect(ask('/x', { ca: otherCa })).rejects.toThrow('x509: certificate signed by unknown authority');
  });
});
