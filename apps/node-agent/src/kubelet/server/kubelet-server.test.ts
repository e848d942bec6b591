import { mkdtemp, rm } from 'node:fs/promises';
import { type ClientHttp2Session, connect, createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  CHANNEL,
  type ChannelFrame,
  encodeFrame,
  FrameDecoder,
} from '@wheelhouse/shared/agent/channel-frames';
import { systemClock } from '@wheelhouse/shared/clock';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProcessRuntime } from '../../runtime/process/process-runtime';
import { createTestCluster, type TestCluster } from '../testing/cluster';

describe('what the server may ask of a kubelet', { timeout: 30_000 }, () => {
  let cluster: TestCluster;
  let directory: string;
  let server: Http2Server;
  let session: ClientHttp2Session;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-kubelet-server-'));
    const runtime = await createProcessRuntime({ directory: join(directory, 'p'), clock: systemClock });
    cluster = await createTestCluster({ runtime, podCidr: `127.${160 + (process.pid % 40)}.9.0/24` });
    server = createServer({ settings: { enableConnectProtocol: true } }, (req, res) =>
      cluster.kubelet.handler(req, res),
    );
    // Node gives CONNECT requests to this event alone.
    server.on('connect', (req, res) => cluster.kubelet.handler(req, res));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    session = connect(`http://127.0.0.1:${port}`);
    // A client may only ask for such streams once it knows that the server takes them.
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    await cluster.createPod('talker', {
      containers: [
        { name: 'main', image: 'wheelhouse/hello:1', env: [{ name: 'DRAIN_MS', value: '1' }] },
        {
          name: 'ticker',
          image: 'x:1',
          command: ['/bin/sh', '-c', 'for i in 1 2 3; do echo tick $i; done; exec sleep 1000'],
        },
      ],
    });
    await cluster.until('talker', ({ status }) => status?.phase === 'Running');
  }, 30_000);

  afterAll(async () => {
    session?.destroy();
    server?.close();
    await cluster?.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function get(path: string): Promise<{ status: number; body: string }> {
    const stream = session.request({ ':path': path });
    const status = new Promise<number>((resolve) =>
      stream.once('response', (headers) => resolve(Number(headers[':status']))),
    );
    return { body: await text(stream), status: await status };
  }

  async function open(path: string) {
    const stream = session.request(
      { ':method': 'CONNECT', ':protocol': 'raw', ':scheme': 'http', ':authority': 'kubelet', ':path': path },
      { endStream: false },
    );
    const status = await new Promise<number>((resolve, reject) => {
      stream.once('response', (headers) => resolve(Number(headers[':status'])));
      stream.once('error', reject);
    });
    return { stream, status };
  }

  async function exec(
    query: string,
    input: Buffer[],
  ): Promise<{ frames: ChannelFrame[]; of(channel: number): string }> {
    const { stream } = await open(`/exec/default/talker/main?${query}`);
    for (const chunk of input) stream.write(chunk);
    const decoder = new FrameDecoder();
    const frames: ChannelFrame[] = [];
    for await (const chunk of stream) frames.push(...decoder.push(chunk));
    return {
      frames,
      of: (channel) =>
        Buffer.concat(
          frames.filter((frame) => frame.channel === channel).map(({ payload }) => payload),
        ).toString(),
    };
  }

  test('health, pods, figures', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, body: 'ok\n' });
    expect(JSON.parse((await get('/pods')).body)).toMatchObject({
      kind: 'PodList',
      items: [{ metadata: { name: 'talker' } }],
    });
    const summary = JSON.parse((await get('/stats/summary')).body);
    expect(summary).toMatchObject({
      node: { nodeName: cluster.nodeName },
      pods: [{ podRef: { name: 'talker' } }],
    });
    expect(summary.node.memory.workingSetBytes).toBeGreaterThan(0);
  });

  test('logs: tail, limit, and plain words for what is not there', async () => {
    await expect
      .poll(() => get('/containerLogs/default/talker/ticker').then(({ body }) => body))
      .toContain('tick 3');
    expect((await get('/containerLogs/default/talker/ticker?tailLines=1')).body).toBe('tick 3\n');
    expect((await get('/containerLogs/default/talker/ticker?limitBytes=6')).body).toBe('tick 1');
    expect((await get('/containerLogs/default/talker/nobody')).status).toBe(404);
    expect((await get('/containerLogs/default/nobody/main')).status).toBe(404);
    expect((await get('/containerLogs/default/talker/main?previous=true')).status).toBe(400);
    expect((await get('/containerLogs/default/talker/main?tailLines=-1')).status).toBe(400);
    expect((await get('/containerLogs/default/%zz/main')).status).toBe(400);
    expect((await get('/elsewhere')).status).toBe(404);
  });

  test('exec: input, both outputs, exit code', async () => {
    const command = new URLSearchParams([
      ['command', '/bin/sh'],
      ['command', '-c'],
      ['command', 'read line; echo "got $line"; echo bad >&2; exit 3'],
      ['stdin', 'true'],
    ]);
    const answer = await exec(command.toString(), [
      Buffer.from(encodeFrame(CHANNEL.stdin, Buffer.from('hello\n'))),
      Buffer.from(encodeFrame(CHANNEL.close, Buffer.from([CHANNEL.stdin]))),
    ]);
    expect(answer.of(CHANNEL.stdout)).toBe('got hello\n');
    expect(answer.of(CHANNEL.stderr)).toBe('bad\n');
    expect(JSON.parse(answer.of(CHANNEL.error))).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    });
    expect(answer.frames.at(-1)?.channel).toBe(CHANNEL.error);
  });

  test('exec of what cannot be: an error before the stream begins', async () => {
    expect((await open('/exec/default/talker/main')).status).toBe(400);
    expect((await open('/exec/default/talker/main?command=/no/such')).status).toBe(500);
    expect((await open('/exec/default/nobody/main?command=ls')).status).toBe(404);
  });

  test('port-forward carries bytes to the pod', async () => {
    await expect.poll(async () => (await open('/portForward/default/talker?port=8080')).status).toBe(200);
    const { stream } = await open('/portForward/default/talker?port=8080');
    stream.write('GET /healthz HTTP/1.0\r\n\r\n');
    expect(await text(stream)).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*ok\n$/);
    expect((await open('/portForward/default/talker?port=0')).status).toBe(400);
    expect((await open('/portForward/default/talker?port=9')).status).toBe(502);
  });
});
