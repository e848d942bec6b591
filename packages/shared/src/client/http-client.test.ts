import { describe, expect, it } from 'vitest';
import { ApiError, isExpired, isNotFound, isUnavailable } from '../errors';
import { deploymentKind } from '../kinds/apps/deployment';
import { nodeKind } from '../kinds/core/node';
import type { Pod } from '../kinds/core/pod';
import { podKind } from '../kinds/core/pod';
import type { WatchEvent } from './client';
import { createHttpClient, type FetchInit, type FetchResponse } from './http-client';

interface Sent extends FetchInit {
  readonly url: string;
}

function clientAnswering(...answers: (() => FetchResponse | Promise<FetchResponse>)[]) {
  const sent: Sent[] = [];
  const client = createHttpClient({
    baseUrl: 'https://server:6443/',
    headers: () => ({ authorization: 'Bearer t' }),
    maxEventLength: 200,
    fetch: async (url, init) => {
      sent.push({ url, ...init });
      const answer = answers.shift();
      if (!answer) throw new Error('unexpected request');
      return answer();
    },
  });
  return { client, sent };
}

function response(
  status: number,
  body: string | Uint8Array[],
  headers: Record<string, string> = {},
): FetchResponse {
  const chunks = typeof body === 'string' ? [new TextEncoder().encode(body)] : body;
  return new Response(
    new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    }),
    { status, headers },
  );
}

const json = (status: number, body: unknown, headers?: Record<string, string>) => () =>
  response(status, JSON.stringify(body), headers);

const pod = (name: string, resourceVersion: string) => ({
  metadata: { name, namespace: 'n', uid: name, resourceVersion },
});

async function collect(events: AsyncIterable<WatchEvent<Pod>>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { type, object } of events) seen.push(`${type} ${object.metadata.name}`);
  return seen;
}

describe('createHttpClient', () => {
  it('builds the URL of every call', async () => {
    const answers = Array.from({ length: 9 }, () => json(200, { items: [], metadata: {} }));
    const { client, sent } = clientAnswering(...answers);
    const ref = { namespace: 'n', name: 'x' };
    await client.get(nodeKind, { name: 'a b' });
    await client.list(podKind, { labelSelector: 'a=b,c', limit: 5 });
    await client.list(deploymentKind, { namespace: 'n' });
    await client.create(podKind, { metadata: ref }, { dryRun: true, fieldManager: 'me' });
    await client.update(podKind, { metadata: ref }, { subresource: 'status' });
    await client.patch(podKind, ref, { type: 'strategic', body: { spec: {} } });
    await client.patch(podKind, ref, { type: 'apply', body: {} }, { force: true, fieldManager: 'me' });
    await client.delete(podKind, ref, { gracePeriodSeconds: 0, dryRun: true, preconditions: { uid: 'u' } });
    await client.createSubresource(podKind, ref, 'binding', { kind: 'Binding' });
    expect(sent.map(({ method, url }) => `${method} ${url.replace('https://server:6443', '')}`)).toEqual([
      'GET /api/v1/nodes/a%20b',
      'GET /api/v1/pods?labelSelector=a%3Db%2Cc&limit=5',
      'GET /apis/apps/v1/namespaces/n/deployments',
      'POST /api/v1/namespaces/n/pods?dryRun=All&fieldManager=me',
      'PUT /api/v1/namespaces/n/pods/x/status',
      'PATCH /api/v1/namespaces/n/pods/x',
      'PATCH /api/v1/namespaces/n/pods/x?fieldManager=me&force=true',
      'DELETE /api/v1/namespaces/n/pods/x',
      'POST /api/v1/namespaces/n/pods/x/binding',
    ]);
    expect(sent[5]?.headers).toMatchObject({
      'content-type': 'application/strategic-merge-patch+json',
      authorization: 'Bearer t',
    });
    expect(JSON.parse(sent[7]?.body ?? '')).toEqual({
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      gracePeriodSeconds: 0,
      preconditions: { uid: 'u' },
      dryRun: ['All'],
    });
    expect(JSON.parse(sent[3]?.body ?? '')).toMatchObject({ kind: 'Pod', apiVersion: 'v1' });
  });

  it('gives the items of a list their kind', async () => {
    const { client } = clientAnswering(
      json(200, { metadata: { resourceVersion: '7' }, items: [pod('a', '5')] }),
    );
    const { items } = await client.list(podKind);
    expect(items[0]).toMatchObject({ kind: 'Pod', apiVersion: 'v1' });
  });

  it('turns a Status into the same ApiError, and other failures into one with their code', async () => {
    const status = {
      kind: 'Status',
      reason: 'NotFound',
      code: 404,
      message: 'pods "x" not found',
      details: { name: 'x' },
    };
    const { client } = clientAnswering(
      json(404, status),
      () => response(502, '<html>bad gateway'),
      json(429, { kind: 'Status', reason: 'TooManyRequests', code: 429 }, { 'retry-after': '3' }),
      () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })),
      () => response(200, '{"half": '),
    );
    const ref = { namespace: 'n', name: 'x' };
    const failure = () => client.get(podKind, ref).catch((error: unknown) => error);
    const missing = await failure();
    expect(isNotFound(missing) && missing.status.details).toEqual({ name: 'x' });
    expect(await failure()).toMatchObject({ code: 502, reason: 'ServiceUnavailable' });
    expect(await failure()).toMatchObject({ code: 429, retryAfterSeconds: 3 });
    const lost = await failure();
    expect(isUnavailable(lost) && lost.message).toContain('connect ECONNREFUSED');
    expect(isUnavailable(await failure())).toBe(true);
  });

  it('parses a watch whatever the chunks', async () => {
    const text = ['ADDED', 'MODIFIED', 'DELETED']
      .map((type, i) => `${JSON.stringify({ type, object: pod(`ä${i}`, String(i)) })}\n`)
      .join('');
    const bytes = new TextEncoder().encode(text);
    for (const size of [1, 2, 7, 50, 1_000]) {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
      const { client } = clientAnswering(() => response(200, chunks));
      expect(await collect(client.watch(podKind))).toEqual(['ADDED ä0', 'MODIFIED ä1', 'DELETED ä2']);
    }
  });

  it('throws what the server says in the stream, refuses endless lines, and ends when aborted', async () => {
    const gone = {
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' },
    };
    const { client } = clientAnswering(
      () => response(200, `${JSON.stringify(gone)}\n`),
      () => response(200, 'x'.repeat(300)),
      json(410, gone.object),
    );
    await expect(collect(client.watch(podKind))).rejects.toSatisfy(isExpired);
    await expect(collect(client.watch(podKind))).rejects.toThrow(/longer than 200/);
    await expect(collect(client.watch(podKind, { resourceVersion: '1' }))).rejects.toBeInstanceOf(ApiError);
    const abort = new AbortController();
    abort.abort();
    const { client: aborted } = clientAnswering(() => Promise.reject(new Error('aborted')));
    expect(await collect(aborted.watch(podKind, { signal: abort.signal }))).toEqual([]);
  });
});
