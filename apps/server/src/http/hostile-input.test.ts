import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as tlsConnect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StallMeter } from './testing/stall-meter';
import { startTestApiServer, type TestApiServer } from './testing/test-api-server';

/**
 * What a client can send to hurt the server: each gets a 4xx or a closed stream, and nobody else has to wait.
 * Server and test share one thread, so the stalls of the event loop that are measured here include the client's own
 * work (encryption). The bound is there for work that grows faster than the body, which takes many seconds; how long
 * a stall really is, is told where nothing else runs. Bodies are made before measuring begins.
 * `TEST_STALL_REPORT=1` prints what was measured.
 */
const LONGEST_STALL_MS = Number(process.env.TEST_STALL_MS ?? 1_000);
const MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';

let server: TestApiServer;
const stalls = new StallMeter();

beforeAll(async () => {
  server = await startTestApiServer();
  await server.client.create(configMapKind, {
    metadata: { name: 'victim', namespace: 'default' },
    data: { a: '1' },
  });
  // The code has run once before its speed counts.
  await send('PATCH', `${MAPS}/victim`, '{"data":{"b":"2"}}', 'application/merge-patch+json');
  await send('PATCH', `${MAPS}/victim`, 'data: {b: "3"}', 'application/apply-patch+yaml');
});
afterAll(() => server.stop());
beforeEach(() => stalls.start());
afterEach((context) => {
  const longest = stalls.stop();
  if (process.env.TEST_STALL_REPORT) console.log(`${longest.toFixed(0)} ms: ${context.task.name}`);
  expect(longest, 'the longest stall of the event loop').toBeLessThan(LONGEST_STALL_MS);
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

function send(
  method: string,
  path: string,
  body?: string | Buffer,
  type = 'application/json',
  headers: Record<string, string> = {},
): Promise<Answer> {
  const { hostname, port } = new URL(server.baseUrl);
  const options: RequestOptions = {
    method,
    path,
    hostname,
    port,
    agent: false,
    headers: {
      authorization: `Bearer ${server.token}`,
      ...(body === undefined
        ? {}
        : { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    },
  };
  return new Promise((resolve, reject) => {
    const req = httpsRequest({ ...options, ca: server.ca }, (res: IncomingMessage) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      res.on('error', reject);
    });
    req.on('error', (error: NodeJS.ErrnoException) => {
      // Refused before all of the body was read: the connection is closed under it.
      if (error.code === 'EPIPE' || error.code === 'ECONNRESET') resolve({ status: 413, text: '' });
      else reject(error);
    });
    req.end(body);
  });
}

const refused = (answer: Answer) => {
  expect(answer.status, answer.text.slice(0, 300)).toBeGreaterThanOrEqual(400);
  expect(answer.status, answer.text.slice(0, 300)).toBeLessThan(500);
};

const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const APPLY = 'application/apply-patch+yaml';
const APPLY_QUERY = '?fieldManager=test';

describe('nesting', () => {
  const deepList = '['.repeat(100_000) + ']'.repeat(100_000);
  const deepObject = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  const cut = '[{"a":'.repeat(50_000);

  it.each([
    ['lists', deepList],
    ['objects', deepObject],
    ['objects that do not end', cut],
    ['within an object', `{"metadata":{"name":"x"},"data":${deepObject}}`],
  ])('deep %s are refused', async (_what, body) => {
    refused(await send('POST', MAPS, body));
    refused(await send('PUT', `${MAPS}/victim`, body));
    for (const type of [MERGE, STRATEGIC, JSON_PATCH])
      refused(await send('PATCH', `${MAPS}/victim`, body, type));
    refused(await send('PATCH', `${MAPS}/victim${APPLY_QUERY}`, body, APPLY));
    refused(await send('DELETE', `${MAPS}/victim`, body));
  });

  it('just below the bound of the body is refused by the object', async () => {
    const nested = `${'{"a":'.repeat(300)}1${'}'.repeat(300)}`;
    for (const type of [MERGE, STRATEGIC])
      refused(await send('PATCH', `${MAPS}/victim`, `{"data":${nested}}`, type));
    const operation = `[{"op":"add","path":"/data","value":${nested}}]`;
    refused(await send('PATCH', `${MAPS}/victim`, operation, JSON_PATCH));
    refused(await send('PATCH', `${MAPS}/victim${APPLY_QUERY}`, `{"data":${nested}}`, APPLY));
  });
});

describe('YAML', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
    .split('')
    .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(',')}]`)
    .join('\n')}`;

  it.each([
    ['an alias bomb', bomb],
    ['deep flow lists', '['.repeat(50_000)],
    ['deep block lists', '- '.repeat(50_000)],
    ['deep flow maps', '{a: '.repeat(20_000)],
    ['what is not YAML', 'a: [1,\nb: }'],
    ['anchors without end', '&a '.repeat(3_000)],
    ['a tag nobody knows', '!!js/function "x"'],
  ])('%s is refused', async (_what, body) => {
    refused(await send('POST', MAPS, body, 'application/yaml'));
    refused(await send('PATCH', `${MAPS}/victim${APPLY_QUERY}`, body, APPLY));
  });

  it('that takes too long to read is given up, and the next is read', async () => {
    refused(await send('POST', MAPS, '&a '.repeat(100_000), 'application/yaml'));
    const large = `metadata: {name: large-yaml}\ndata:\n${Array.from({ length: 2000 }, (_, i) => `  k${i}: "v"`).join('\n')}`;
    const answer = await send('POST', MAPS, large, 'application/yaml');
    expect(answer.status, answer.text.slice(0, 300)).toBe(201);
  });
});

describe('keys that JavaScript knows', () => {
  const KEYS = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString'];

  it('are data in maps', async () => {
    // A class name would not be a valid key of a config map; labels take no leading underscore either.
    const annotations = '{"constructor":"a","toString":"b","hasOwnProperty":"c","prototype":"d"}';
    const name = 'js-keys';
    const created = await send('POST', MAPS, `{"metadata":{"name":"${name}","annotations":${annotations}}}`);
    expect(created.status, created.text).toBe(201);
    expect(JSON.parse(created.text).metadata.annotations).toEqual(JSON.parse(annotations));
    const path = `${MAPS}/${name}`;
    await send('PATCH', path, '{"metadata":{"annotations":{"constructor":null}}}', MERGE);
    await send('PATCH', path, '{"metadata":{"annotations":{"valueOf":"e"}}}', STRATEGIC);
    const operations = '[{"op":"add","path":"/metadata/annotations/isPrototypeOf","value":"f"}]';
    await send('PATCH', path, operations, JSON_PATCH);
    const applied = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}","annotations":{"constructor":"g"}}}`;
    const answer = await send('PATCH', `${path}${APPLY_QUERY}`, applied, APPLY);
    expect(answer.status, answer.text).toBe(200);
    expect(JSON.parse(answer.text).metadata.annotations).toEqual({
      toString: 'b',
      hasOwnProperty: 'c',
      prototype: 'd',
      valueOf: 'e',
      isPrototypeOf: 'f',
      constructor: 'g',
    });
  });

  it.each(KEYS)('%s changes nothing but the object', async (key) => {
    const evil = `{"${key}":{"polluted":"yes"},"metadata":{"name":"x","${key}":{"polluted":"yes"},"labels":{"${key}":{"polluted":"yes"}}}}`;
    await send('POST', MAPS, evil);
    await send('PUT', `${MAPS}/victim`, evil);
    for (const type of [MERGE, STRATEGIC]) await send('PATCH', `${MAPS}/victim`, evil, type);
    await send('PATCH', `${MAPS}/victim${APPLY_QUERY}`, evil, APPLY);
    for (const path of [
      `/${key}/polluted`,
      `/metadata/${key}/polluted`,
      `/metadata/${key}`,
      `/data/${key}/polluted`,
    ]) {
      for (const op of ['add', 'replace', 'test', 'copy', 'move']) {
        const operation = JSON.stringify([{ op, path, from: '/metadata/name', value: 'yes' }]);
        await send('PATCH', `${MAPS}/victim`, operation, JSON_PATCH);
      }
    }
    await send('GET', `${MAPS}?labelSelector=${key}&fieldSelector=${key}%3Dx`);
    await send('GET', `${MAPS}/${key}`);
    await send('GET', `/apis/${key}/v1/${key}/${key}`);
    // biome-ignore lint/suspicious/noExplicitAny: that is what is asked: has every object got it?
    expect(({} as any).polluted).toBeUndefined();
    const victim = await send('GET', `${MAPS}/victim`);
    expect(victim.status).toBe(200);
    expect(victim.text).not.toContain('polluted');
  });

  it('count as unknown fields in a body', async () => {
    const body = '{"metadata":{"name":"proto"},"__proto__":{"a":1}}';
    const strict = await send('POST', `${MAPS}?fieldValidation=Strict`, body);
    expect(strict.status).toBe(400);
    expect(strict.text).toContain('__proto__');
  });
});

describe('patches', () => {
  it('with too many operations are refused', async () => {
    const many = JSON.stringify(Array(10_001).fill({ op: 'test', path: '/kind', value: 'ConfigMap' }));
    const answer = await send('PATCH', `${MAPS}/victim`, many, JSON_PATCH);
    expect(answer.status).toBe(413);
  });

  it('that copy themselves larger and larger are refused', async () => {
    const operations = [
      { op: 'add', path: '/data', value: { a: 'x'.repeat(1000) } },
      ...Array.from({ length: 60 }, (_, i) => ({ op: 'copy', from: '', path: `/data/c${i}` })),
    ];
    refused(await send('PATCH', `${MAPS}/victim`, JSON.stringify(operations), JSON_PATCH));
  });

  it('that move a long list over and over are refused', async () => {
    const long = { op: 'add', path: '/data', value: Array(200_000).fill(0) };
    const front = Array.from({ length: 9000 }, () => ({ op: 'add', path: '/data/0', value: 0 }));
    refused(await send('PATCH', `${MAPS}/victim`, JSON.stringify([long, ...front]), JSON_PATCH));
  });

  it('with long lists to merge do not take quadratic time', async () => {
    const pod = { metadata: { name: 'lists' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    expect((await send('POST', PODS, JSON.stringify(pod))).status).toBe(201);
    const env = Array.from({ length: 20_000 }, (_, i) => ({ name: `E${i}`, value: '' }));
    const order = env.map(({ name }) => ({ name })).reverse();
    const body = { spec: { containers: [{ name: 'c', env, '$setElementOrder/env': order }] } };
    refused(await send('PATCH', `${PODS}/lists`, JSON.stringify(body), STRATEGIC));
    const directives = env.map(({ name }) => ({ name, $patch: 'delete' }));
    const answer = await send(
      'PATCH',
      `${PODS}/lists`,
      JSON.stringify({ spec: { containers: [{ name: 'c', env: directives }] } }),
      STRATEGIC,
    );
    expect(answer.status, answer.text.slice(0, 300)).toBe(200);
  });
});

describe('bodies', () => {
  it('larger than 3 MB are refused before they are kept', async () => {
    expect((await send('POST', MAPS, Buffer.alloc(3 * 1024 * 1024 + 1, 32))).status).toBe(413);
  });

  it('that unpack to more than that are refused', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, 32));
    stalls.start();
    expect((await send('POST', MAPS, bomb, 'application/json', { 'content-encoding': 'gzip' })).status).toBe(
      413,
    );
    refused(
      await send('POST', MAPS, Buffer.from('not gzip'), 'application/json', { 'content-encoding': 'gzip' }),
    );
    refused(await send('POST', MAPS, '{}', 'application/json', { 'content-encoding': 'br' }));
  });

  it.each([
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['half a surrogate in bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['nothing', ''],
    ['null', 'null'],
    ['a number', '1'],
    ['half an object', '{"metadata":'],
  ])('of %s are refused', async (_what, body) => {
    refused(await send('POST', MAPS, body));
    refused(await send('PATCH', `${MAPS}/victim`, body, MERGE));
  });

  it('with very many unknown fields report some of them', async () => {
    const fields = Array.from({ length: 100_000 }, (_, i) => `"f${i}":1`).join(',');
    const answer = await send('POST', `${MAPS}?dryRun=All`, `{"metadata":{"name":"many"},${fields}}`);
    expect(answer.status).toBe(201);
    refused(await send('POST', `${MAPS}?fieldValidation=Strict`, `{"metadata":{"name":"many"},${fields}}`));
  });

  it('with a revision of very many digits are not reckoned with', async () => {
    for (const digit of ['9', '0']) {
      const resourceVersion = digit.repeat(2_900_000);
      await send('POST', MAPS, JSON.stringify({ metadata: { name: `long-${digit}`, resourceVersion } }));
    }
    expect((await send('GET', `${MAPS}?resourceVersion=${'9'.repeat(9_000)}`)).status).toBe(400);
  });

  it('with very many labels, owners and finalizers are refused', async () => {
    const list = Array.from({ length: 30_000 }, (_, i) => `"f${i}"`).join(',');
    refused(await send('POST', MAPS, `{"metadata":{"name":"m","finalizers":[${list}]}}`));
    const owners = Array.from({ length: 20_000 }, (_, i) => `{"uid":"${i}"}`).join(',');
    refused(await send('POST', MAPS, `{"metadata":{"name":"m","ownerReferences":[${owners}]}}`));
    const labels = Array.from({ length: 30_000 }, (_, i) => `"-${i}":""`).join(',');
    refused(await send('POST', MAPS, `{"metadata":{"name":"m","labels":{${labels}}}}`));
  });
});

describe('selectors and options', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `k${i}!=v`).join(',');

  it.each([
    ['10,000 requirements', `labelSelector=${encodeURIComponent(many(5000))}`],
    ['a set of very many', `labelSelector=${encodeURIComponent(`a in (${'x,'.repeat(20_000)}y)`)}`],
    ['open brackets', `labelSelector=${encodeURIComponent('a in '.concat('('.repeat(10_000)))}`],
    ['backslashes', `fieldSelector=${encodeURIComponent(`metadata.name=${'\\'.repeat(9_999)}`)}`],
    ['a field that is none', 'fieldSelector=__proto__.x%3D1'],
    ['a continue token of somebody else', `continue=${'A'.repeat(5000)}`],
    ['a limit that is none', 'limit=1e999'],
    ['a revision that is none', 'resourceVersion=-1'],
  ])('%s are refused', async (_what, query) => {
    refused(await send('GET', `${MAPS}?${query}`));
  });

  it.each(['%00', '%2F..%2F..', '%ff', '..%2f', '%'])('the name %s is none', async (name) => {
    refused(await send('GET', `${MAPS}/${name}`));
  });
});

describe('watchers', () => {
  it('that never read, or stop in the middle, hold nobody up and cost no memory for good', async () => {
    const { hostname, port } = new URL(server.baseUrl);
    const value = 'x'.repeat(50_000);
    const sockets = Array.from({ length: 20 }, () =>
      tlsConnect({ host: hostname, port: Number(port), ca: server.ca, servername: 'localhost' }),
    );
    await Promise.all(
      sockets.map(
        (socket) =>
          new Promise<void>((resolve, reject) => {
            socket.on('error', () => socket.destroy());
            socket.once('secureConnect', () => {
              socket.write(
                `GET ${MAPS}?watch=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token}\r\n\r\n`,
              );
              resolve();
            });
            socket.once('close', reject);
            // Nothing is ever read.
            socket.pause();
          }),
      ),
    );
    for (let i = 0; i < 100; i++) {
      const answer = await send(
        'PATCH',
        `${MAPS}/victim`,
        JSON.stringify({ data: { a: `${i}${value}` } }),
        MERGE,
      );
      expect(answer.status).toBe(200);
    }
    expect((await send('GET', `${MAPS}/victim`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it('half a request does not keep the server from answering others', async () => {
    const { hostname, port } = new URL(server.baseUrl);
    const socket = tlsConnect({ host: hostname, port: Number(port), ca: server.ca, servername: 'localhost' });
    await new Promise<void>((resolve) => socket.once('secureConnect', () => resolve()));
    socket.write(
      `POST ${MAPS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"half`,
    );
    expect((await send('GET', `${MAPS}/victim`)).status).toBe(200);
    socket.destroy();
  });

  it('plain text on the TLS port is refused', async () => {
    const { port } = new URL(server.baseUrl);
    await expect(
      new Promise((resolve, reject) => {
        httpRequest({ host: '127.0.0.1', port, path: '/', agent: false }, resolve).on('error', reject).end();
      }),
    ).rejects.toThrow();
  });
});
