import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { Agent, fetch } from 'undici';
import { expect, it } from 'vitest';
import { startTestApiServer } from '../http/testing/test-api-server';
import { issuerDocuments } from './issuer-documents';
import { openServiceAccountKeys } from './service-account-keys';

it('somebody who has read them can check a token by himself', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wheelhouse-issuer-'));
  const keys = await openServiceAccountKeys(directory);
  const server = await startTestApiServer({ documents: issuerDocuments(keys) });
  const dispatcher = new Agent({ connect: { ca: server.ca } });
  const read = (path: string, method = 'GET') =>
    fetch(server.baseUrl + path, {
      method,
      dispatcher,
      headers: { authorization: `Bearer ${server.token}` },
    });
  try {
    const discovery = await read('/.well-known/openid-configuration');
    expect(discovery.headers.get('cache-control')).toBe('public, max-age=3600');
    const { issuer, jwks_uri: where } = (await discovery.json()) as { issuer: string; jwks_uri: string };
    const set = await read(new URL(where).pathname);
    expect(set.headers.get('content-type')).toBe('application/jwk-set+json');
    const published = (await set.json()) as { keys: { d?: string }[] };
    expect(published.keys.map(({ d }) => d)).toEqual([undefined]);
    const { token } = await keys.sign(
      { namespace: 'n', serviceAccount: { name: 'a', uid: 'u' } },
      { audiences: ['vault'], seconds: 600, now: new Date() },
    );
    const { payload } = await jwtVerify(token, createLocalJWKSet(published as never), {
      issuer,
      audience: 'vault',
    });
    expect(payload.sub).toBe('system:serviceaccount:n:a');
    expect((await read('/openid/v1/jwks', 'POST')).status).toBe(405);
  } finally {
    await dispatcher.close();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
});
