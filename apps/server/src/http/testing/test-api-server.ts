import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@wheelhouse/shared/client/client';
import { systemClock } from '@wheelhouse/shared/clock';
import { allKinds } from '@wheelhouse/shared/kinds/all';
import pino from 'pino';
import { openCertificateAuthority } from '../../auth/certificate-authority';
import type { Logger } from '../../component';
import { openStore } from '../../store/open-store';
import type { Store } from '../../store/store';
import { type ApiServer, type ApiServerOptions, createApiServer } from '../api-server';

export interface TestApiServer {
  readonly api: ApiServer;
  /** In-process, as `admin`. */
  readonly client: Client;
  /** `https://127.0.0.1:PORT` */
  readonly baseUrl: string;
  /** A bearer token that is `admin`. */
  readonly token: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  readonly store: Store;
  readonly directory: string;
  stop(): Promise<void>;
}

const ADMIN = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const TOKEN = 'test-admin-token';

/**
 * A whole API server for integration tests: a new embedded store in a temporary directory, HTTPS on a free loopback
 * port, everybody with the token is `admin` and may do everything. `overrides` replaces any of its parts; whatever the
 * store is, it is closed with the server.
 */
export async function startTestApiServer(overrides: Partial<ApiServerOptions> = {}): Promise<TestApiServer> {
  const directory = await mkdtemp(join(tmpdir(), 'wheelhouse-api-'));
  const log: Logger = overrides.log ?? pino({ level: process.env.TEST_LOG ?? 'silent' });
  const store =
    overrides.store ?? (await openStore({ kind: 'embedded', directory: join(directory, 'store') }, log));
  const api = await createApiServer({
    store,
    kinds: allKinds,
    authenticator: {
      authenticate: (req) => (req.headers.authorization === `Bearer ${TOKEN}` ? ADMIN : undefined),
    },
    authorizer: { authorize: ({ user }) => ({ allowed: user.name !== 'system:anonymous' }) },
    admission: [],
    serviceCidr: '10.96.0.0/16',
    log,
    ...overrides,
  });
  const authority = await openCertificateAuthority(join(directory, 'pki'), systemClock);
  const pair = await authority.issueServer(['127.0.0.1', 'localhost'], 30);
  const { port } = await api.listen({
    host: '127.0.0.1',
    port: 0,
    tls: { key: pair.key, cert: pair.certificate, ca: authority.certificate },
  });
  return {
    api,
    client: api.clientFor(ADMIN),
    baseUrl: `https://127.0.0.1:${port}`,
    token: TOKEN,
    ca: authority.certificate,
    store,
    directory,
    async stop() {
      await api.stop();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
