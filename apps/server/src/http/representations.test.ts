import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeMessage, decodeProtobuf, PROTOBUF_TYPE } from './protobuf/decode';
import { encodeProtobuf } from './protobuf/encode';
import { startTestApiServer, type TestApiServer } from './testing/test-api-server';

/** What typed Go clients see: protobuf in both directions, compressed lists, streams of length-prefixed events. */
let server: TestApiServer;
const MAPS = '/api/v1/namespaces/default/configmaps';

beforeAll(async () => {
  server = await startTestApiServer();
});
afterAll(() => server.stop());

function open(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: Buffer,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(server.baseUrl + path, {
      method,
      ca: server.ca,
      headers: { authorization: `Bearer ${server.token}`, ...headers },
    });
    request.once('response', resolve).once('error', reject).end(body);
  });
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function create(name: string, data: Record<string, string>) {
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
  const answer = await open(
    'POST',
    MAPS,
    { 'content-type': PROTOBUF_TYPE, accept: `${PROTOBUF_TYPE},application/json` },
    encodeProtobuf(map),
  );
  return { status: answer.statusCode, type: answer.headers['content-type'], body: await bytesOf(answer) };
}

test('objects, lists, errors and metadata travel as protobuf', async () => {
  const created = await create('one', { a: '1' });
  expect(created).toMatchObject({ status: 201, type: PROTOBUF_TYPE });
  expect(decodeProtobuf(created.body)).toMatchObject({ kind: 'ConfigMap', data: { a: '1' } });

  const list = await open('GET', MAPS, { accept: PROTOBUF_TYPE });
  expect(decodeProtobuf(await bytesOf(list))).toMatchObject({
    kind: 'ConfigMapList',
    items: [{ metadata: { name: 'one' }, data: { a: '1' } }],
  });

  const missing = await open('GET', `${MAPS}/none`, { accept: PROTOBUF_TYPE });
  expect(missing.statusCode).toBe(404);
  expect(decodeProtobuf(await bytesOf(missing))).toMatchObject({
    kind: 'Status',
    reason: 'NotFound',
    details: { name: 'none', kind: 'configmaps' },
    code: 404,
  });

  const as = (kind: string) => `${PROTOBUF_TYPE};as=${kind};g=meta.k8s.io;v=v1`;
  const partial = decodeProtobuf(
    await bytesOf(await open('GET', MAPS, { accept: as('PartialObjectMetadataList') })),
  );
  expect(partial).toMatchObject({
    kind: 'PartialObjectMetadataList',
    items: [{ metadata: { name: 'one' } }],
  });
  expect(JSON.stringify(partial)).not.toContain('"data"');

  // Tables have no protobuf form: the next choice is taken, and none is refused.
  const table = await open('GET', MAPS, {
    accept: `${as('Table')},application/json;as=Table;g=meta.k8s.io;v=v1`,
  });
  expect(JSON.parse((await bytesOf(table)).toString())).toMatchObject({ kind: 'Table' });
  const refused = await open('GET', MAPS, { accept: as('Table') });
  expect(refused.statusCode).toBe(406);
  refused.resume();
});

test('a watch in protobuf is a row of length-prefixed events', async () => {
  const stream = await open('GET', `${MAPS}?watch=true&resourceVersion=0&timeoutSeconds=30`, {
    accept: PROTOBUF_TYPE,
  });
  expect(stream.headers['content-type']).toBe(`${PROTOBUF_TYPE};stream=watch`);
  const seen: string[] = [];
  let pending = Buffer.alloc(0);
  let written = false;
  for await (const chunk of stream) {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE()) {
      const end = 4 + pending.readUInt32BE();
      const event = decodeEvent(pending.subarray(4, end));
      seen.push(`${event.type} ${event.object.kind} ${event.object.metadata.name}`);
      pending = pending.subarray(end);
    }
    if (seen.length > 0 && !written) {
      written = true;
      await create('two', {});
    }
    if (seen.length === 2) break;
  }
  expect(seen).toEqual(['ADDED ConfigMap one', 'ADDED ConfigMap two']);
});

/** The type and the enveloped object of a WatchEvent. */
function decodeEvent(event: Buffer) {
  const typeLength = event.readUInt8(1);
  const type = event.subarray(2, 2 + typeLength).toString();
  const start = event.indexOf('k8s\0');
  const object = decodeProtobuf(event.subarray(start)) as { kind: string; metadata: { name: string } };
  expect(() => decodeMessage('v1', 'Nothing', event)).toThrow(/not known/);
  return { type, object };
}

test('large answers are compressed for those who accept it', async () => {
  await create('large', { text: 'wheel '.repeat(40_000) });
  for (const path of [MAPS, `${MAPS}/large`]) {
    const plain = await open('GET', path, {});
    expect(plain.headers['content-encoding']).toBeUndefined();
    const packed = await open('GET', path, { 'accept-encoding': 'gzip' });
    expect(packed.headers['content-encoding']).toBe('gzip');
    const bytes = await bytesOf(packed);
    const text = await bytesOf(plain);
    expect(bytes.length).toBeLessThan(text.length / 10);
    expect(gunzipSync(bytes).equals(text)).toBe(true);
  }
  const declined = await open('GET', MAPS, { 'accept-encoding': 'gzip;q=0' });
  expect(declined.headers['content-encoding']).toBeUndefined();
  declined.resume();
});
