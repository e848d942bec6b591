import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { UserInfo } from '../extension';
import { startTestApiServer, type TestApiServer } from '../testing/test-api-server';

const everybody = 'system:authenticated';
const USERS: Readonly<Record<string, UserInfo>> = {
  flood: { name: 'flood', groups: [everybody] },
  jane: { name: 'jane', groups: [everybody] },
  node: { name: 'system:node:a', groups: ['system:nodes', everybody] },
  scheduler: { name: 'system:kube-scheduler', groups: [everybody] },
};
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
/** Objects that each list of the flood goes through. */
const OBJECTS = 1000;
/** All at once, over a few connections. */
const REQUESTS = 1500;
const CONNECTIONS = 3;

let server: TestApiServer;
const sessions: ClientHttp2Session[] = [];

beforeAll(async () => {
  server = await startTestApiServer({
    authenticator: { authenticate: (req) => USERS[req.headers.authorization?.slice('Bearer '.length) ?? ''] },
  });
  await Promise.all(
    Array.from({ length: OBJECTS }, (_, i) =>
      server.client.create(configMapKind, { metadata: { namespace: 'default', name: `m-${i}` } }),
    ),
  );
}, 60_000);
afterAll(async () => {
  for (const session of sessions) session.destroy();
  await server.stop();
});

interface Answer {
  readonly status: number;
  readonly retryAfter: unknown;
  readonly text: string;
}

/** A client with a connection of its own, on which any number of requests can be under way. */
function clientOf(who: keyof typeof USERS) {
  const session = connect(server.baseUrl, { ca: server.ca });
  sessions.push(session);
  return (method: string, path: string, body?: object) =>
    new Promise<Answer>((resolve, reject) => {
      const stream = session.request({
        ':method': method,
        ':path': path,
        authorization: `Bearer ${who}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      });
      let head: IncomingHttpHeaders & { ':status'?: number } = {};
      const chunks: Buffer[] = [];
      stream.on('response', (headers) => {
        head = headers;
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () =>
        resolve({
          status: head[':status'] ?? 0,
          retryAfter: head['retry-after'],
          text: Buffer.concat(chunks).toString(),
        }),
      );
      stream.on('error', reject);
      stream.end(body ? JSON.stringify(body) : undefined);
    });
}

it('a flood of slow lists is held up and told so; leases, the scheduler and others go on', {
  timeout: 120_000,
}, async () => {
  const node = clientOf('node');
  const others = [clientOf('scheduler'), clientOf('jane')];
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'a' },
    spec: { holderIdentity: 'a', leaseDurationSeconds: 40 },
  };
  let held = JSON.parse((await node('POST', LEASES, lease)).text);

  const answers = new Map<number, number>();
  let retryAfter: unknown;
  const floodOver = async (ask: ReturnType<typeof clientOf>) => {
    const answer = await ask('GET', '/api/v1/namespaces/default/configmaps');
    answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
    if (answer.status === 429) retryAfter = answer.retryAfter;
  };
  const connections = Array.from({ length: CONNECTIONS }, () => clientOf('flood'));
  let flooding = true;
  const flooded = Promise.all(
    connections.flatMap((ask) => Array.from({ length: REQUESTS / CONNECTIONS }, () => floodOver(ask))),
  ).finally(() => {
    flooding = false;
  });

  const statuses = new Set<number>();
  let renewals = 0;
  while (flooding) {
    const renewed = await node('PUT', `${LEASES}/a`, {
      ...held,
      spec: { ...held.spec, renewTime: new Date(renewals * 1000).toISOString().replace('Z', '000Z') },
    });
    statuses.add(renewed.status);
    held = JSON.parse(renewed.text);
    renewals++;
    for (const other of others) {
      statuses.add((await other('GET', '/api/v1/namespaces/default/configmaps/m-1')).status);
    }
  }
  await flooded;
  // The flood is bounded: some of it is served, the rest is refused at once and told when to come back.
  expect([...answers.keys()].sort()).toEqual([200, 429]);
  expect(retryAfter).toBe('1');
  // Nobody else notices more than that it takes a moment longer.
  expect([...statuses]).toEqual([200]);
  expect(renewals).toBeGreaterThan(3);
});
