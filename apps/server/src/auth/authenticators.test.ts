import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createSecureServer, connect as http2Connect } from 'node:http2';
import { createServer, type RequestOptions, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { systemClock } from '@wheelhouse/shared/clock';
import { asApiError } from '@wheelhouse/shared/errors';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Req, UserInfo } from '../http/extension';
import type { Authenticator } from './auth';
import { openCertificateAuthority } from './certificate-authority';
import { type Credentials, openCredentials } from './credentials';
import { openAuth } from './open-auth';

let directory: string;
let credentials: Credentials;
let authenticator: Authenticator;
let port: number;
const closers: (() => void)[] = [];

async function answer(req: Req): Promise<{ status: number; user?: UserInfo | undefined }> {
  try {
    return { status: 200, user: await authenticator.authenticate(req) };
  } catch (error) {
    return { status: asApiError(error).code };
  }
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wheelhouse-auth-'));
  credentials = await openCredentials({ dataDir: directory, clock: systemClock });
  authenticator = openAuth({ credentials, clock: systemClock, log: pino({ enabled: false }) }).authenticator;
  const { certificate: cert, key } = await credentials.serverCertificate(['localhost', '127.0.0.1']);
  const tls = {
    cert,
    key,
    ca: credentials.authority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  };
  const server = createServer(
    tls,
    (req, res) => void answer(req).then((body) => res.end(JSON.stringify(body))),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  closers.push(() => server.close());
});
afterAll(async () => {
  for (const close of closers) close();
  await rm(directory, { recursive: true, force: true });
});

async function ask(options: RequestOptions = {}): Promise<{ status: number; user?: UserInfo }> {
  const req = request({
    host: '127.0.0.1',
    port,
    ca: credentials.authority.certificate,
    agent: false,
    ...options,
  });
  req.end();
  const [res] = await once(req, 'response');
  let text = '';
  for await (const chunk of res) text += chunk;
  return JSON.parse(text);
}

describe('authenticators over real TLS', () => {
  it('finds nobody where no credential is shown', async () => {
    expect(await ask()).toEqual({ status: 200 });
  });

  it('knows the admin token and refuses every other', async () => {
    const header = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    expect((await ask(header(credentials.adminToken))).user).toEqual({
      name: 'admin',
      groups: ['system:masters', 'system:authenticated'],
    });
    // Kubernetes has no passwords any more: as if nothing had been shown.
    expect(await ask({ headers: { authorization: 'Basic YTpi' } })).toEqual({ status: 200 });
    expect((await ask(header(`${credentials.adminToken}x`))).status).not.toBe(200);
  });

  it('knows the certificate of the admin kubeconfig', async () => {
    const path = await credentials.writeAdminKubeconfig(`https://127.0.0.1:${port}`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const config = parse(await readFile(path, 'utf8'));
    const decode = (text: string) => Buffer.from(text, 'base64').toString();
    const answered = await ask({
      cert: decode(config.users[0].user['client-certificate-data']),
      key: decode(config.users[0].user['client-key-data']),
      ca: decode(config.clusters[0].cluster['certificate-authority-data']),
    });
    expect(answered.user).toEqual({ name: 'admin', groups: ['system:masters', 'system:authenticated'] });
  });

  it('knows a client certificate over HTTP/2 too', async () => {
    const { certificate: cert, key } = await credentials.serverCertificate(['localhost', '127.0.0.1']);
    const ca = credentials.authority.certificate;
    const server = createSecureServer(
      { cert, key, ca, requestCert: true, rejectUnauthorized: false },
      (req, res) => void answer(req).then((body) => res.end(JSON.stringify(body))),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const node = await credentials.authority.issueClient(
      { user: 'system:node:a', groups: ['system:nodes'] },
      1,
    );
    const session = http2Connect(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      ca,
      cert: node.certificate,
      key: node.key,
    });
    closers.push(() => server.close());
    for (let round = 0; round < 2; round++) {
      const stream = session.request({ ':path': '/' });
      let text = '';
      for await (const chunk of stream) text += chunk;
      expect(JSON.parse(text).user.groups).toEqual(['system:nodes', 'system:authenticated']);
    }
    session.destroy();
  });

  it('knows the client of a resumed TLS session, and takes a session without certificate for nobody', async () => {
    const node = await credentials.authority.issueClient(
      { user: 'system:node:a', groups: ['system:nodes'] },
      1,
    );
    const certified = { cert: node.certificate, key: node.key };
    const ca = credentials.authority.certificate;
    for (const credential of [certified, {}]) {
      let session: Buffer | undefined;
      const reused: boolean[] = [];
      for (let round = 0; round < 2; round++) {
        const socket = connect({ host: '127.0.0.1', port, ca, session, ...credential });
        socket.once('secureConnect', () => reused.push(socket.isSessionReused()));
        socket.on('session', (ticket) => {
          session = ticket;
        });
        socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        let text = '';
        for await (const chunk of socket) text += chunk;
        expect(text.includes('"name":"system:node:a"')).toBe(credential === certified);
      }
      expect(reused).toEqual([false, true]);
    }
  });

  it('refuses certificates of another CA, and server certificates used as a client', async () => {
    const foreign = await openCertificateAuthority(join(directory, 'foreign'), systemClock);
    const stranger = await foreign.issueClient({ user: 'admin', groups: ['system:masters'] }, 1);
    expect((await ask({ cert: stranger.certificate, key: stranger.key })).status).toBe(401);
    const server = await credentials.serverCertificate(['localhost', '127.0.0.1']);
    expect((await ask({ cert: server.certificate, key: server.key })).status).toBe(401);
  });

  it('lets the admin act as another user, and nobody else', async () => {
    const admin = { authorization: `Bearer ${credentials.adminToken}` };
    const as = { 'impersonate-user': 'jane', 'impersonate-group': ['dev', 'ops, too'] };
    expect((await ask({ headers: { ...admin, ...as } })).user).toEqual({
      name: 'jane',
      groups: ['dev', 'ops, too', 'system:authenticated'],
      impersonatedBy: 'admin',
    });
    expect((await ask({ headers: { ...admin, 'impersonate-group': 'dev' } })).status).toBe(500);
    const jane = await credentials.authority.issueClient({ user: 'jane', groups: [] }, 1);
    // 503 while the parts that read objects are not started would hide the point: it must not be allowed.
    const refused = await ask({
      cert: jane.certificate,
      key: jane.key,
      headers: { 'impersonate-user': 'admin' },
    });
    expect(refused.user).toBeUndefined();
    expect(refused.status).not.toBe(200);
    const anonymous = await ask({ headers: { 'impersonate-user': 'admin' } });
    expect(anonymous.user).toBeUndefined();
    expect(anonymous.status).not.toBe(200);
    expect((await ask({ headers: { ...admin, 'impersonate-user': '' } })).user?.name).toBe('admin');
  });
});

describe('credential files', () => {
  it('are the same after a restart, and the owner alone can read them', async () => {
    const again = await openCredentials({ dataDir: directory, clock: systemClock });
    expect(again.adminToken).toBe(credentials.adminToken);
    expect(again.joinToken).toEqual(credentials.joinToken);
    for (const name of ['admin-token', 'join-token', 'pki/service-account.key'])
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
  });
});
