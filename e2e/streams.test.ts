import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage } from './support/busybox-image';
import { kubectls } from './support/kubectls';
import { removeDirectory, startWheelhouse, type Wheelhouse } from './support/wheelhouse';

const execute = promisify(execFile);
const MEGABYTES = 16;
const FILE_BYTES = 4 * 1024 * 1024;

/** The oldest that is here, which speaks SPDY alone, and the newest, which prefers WebSocket. */
const versions = [...kubectls()].filter((_, index, { length }) => index === 0 || index === length - 1);

const checksum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

interface Outcome {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], input: Buffer | string = ''): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'pipe' });
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (chunk) => stdout.push(chunk));
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(stdout), stderr }));
    // A command may end without reading its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** Waits until what a child prints holds `pattern`. */
function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk;
      const match = pattern.exec(output);
      if (match) resolve(match);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('close', () => reject(new Error(`ended without ${pattern}: ${output}`)));
  });
}

const end = (child: ChildProcess) =>
  new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    if (!child.kill()) resolve();
  });

/** exec, cp, attach, port-forward, logs and proxy as people use them: over SPDY with old kubectls, WebSocket with new. */
describe('streams', () => {
  let cluster: Wheelhouse;
  let directory: string;
  let image: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-streams-'));
    image = await busyboxImage(directory);
    cluster = await startWheelhouse({ args: ['--nodes', '1', '--no-demo'] });
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'box', labels: { app: 'box' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'main',
            image,
            imagePullPolicy: 'Never',
            command: [
              'sh',
              '-c',
              'httpd -p 8080 -h /www; httpd -p 127.0.0.1:8081 -h /www; i=0; while sleep 0.2; do i=$((i+1)); echo tick $i; done',
            ],
          },
        ],
      },
    });
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'box' },
      spec: { selector: { app: 'box' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/box', '--timeout=60s');
  }, 120_000);
  afterAll(async () => {
    await cluster?.stop();
    if (cluster) await removeDirectory(cluster.dataDir);
    if (image) await execute('docker', ['rmi', '-f', image]);
    await removeDirectory(directory);
  }, 60_000);

  for (const [version, binary] of versions) {
    const kubectl = (args: readonly string[], input?: Buffer | string) =>
      run(binary, ['--kubeconfig', join(cluster.dataDir, 'kubeconfig'), ...args], input);

    it(`kubectl ${version}: exec with both outputs, exit code, input and terminal`, async () => {
      const both = await kubectl(['exec', 'box', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
      expect(both).toMatchObject({ code: 7, stderr: expect.stringContaining('err\n') });
      expect(both.stdout.toString()).toBe('out\n');
      const none = await kubectl(['exec', 'box', '--', 'no-such-program']);
      expect(none.code).not.toBe(0);
      const kubeconfig = join(cluster.dataDir, 'kubeconfig');
      const command = `stty cols 91 rows 33; exec ${binary} --kubeconfig ${kubeconfig} exec -it box -- sh -c 'sleep 0.5; stty size; exit 3'`;
      const terminal = await run('script', ['-qec', command, '/dev/null']);
      expect(terminal.stdout.toString()).toContain('33 91');
      expect(terminal.code).toBe(3);
    });

    it(`kubectl ${version}: ${MEGABYTES} MB through exec, files through cp, both ways`, async () => {
      const bytes = randomBytes(MEGABYTES * 1024 * 1024);
      const echoed = await kubectl(['exec', '-i', 'box', '--', 'cat'], bytes);
      expect(checksum(echoed.stdout)).toBe(checksum(bytes));
      const content = bytes.subarray(0, FILE_BYTES);
      const file = join(directory, `sent-${version}`);
      await writeFile(file, content);
      expect((await kubectl(['cp', file, `box:/tmp/${version}`])).code).toBe(0);
      const inside = await kubectl(['exec', 'box', '--', 'sha256sum', `/tmp/${version}`]);
      expect(inside.stdout.toString()).toContain(checksum(content));
      const back = join(directory, `back-${version}`);
      expect((await kubectl(['cp', `box:/tmp/${version}`, back])).code).toBe(0);
      expect(checksum(readFileSync(back))).toBe(checksum(content));
      await kubectl(['exec', 'box', '--', 'busybox', 'rm', `/tmp/${version}`]);
    });

    it(`kubectl ${version}: port-forward to all addresses and to the pod's loopback`, async () => {
      const child = spawn(binary, [
        '--kubeconfig',
        join(cluster.dataDir, 'kubeconfig'),
        'port-forward',
        'pod/box',
        ':8080',
        ':8081',
      ]);
      try {
        const [, first, second] = await printed(
          child,
          /127\.0\.0\.1:(\d+) -> 8080[\s\S]*127\.0\.0\.1:(\d+) -> 8081/,
        );
        const page = async (port: string | undefined) =>
          (await fetch(`http://127.0.0.1:${port}/page`, { headers: { connection: 'close' } })).text();
        const answers = await Promise.all(Array.from({ length: 20 }, () => page(first)));
        expect(new Set(answers)).toEqual(new Set(['hello from the pod\n']));
        expect(await page(second)).toBe('hello from the pod\n');
      } finally {
        await end(child);
      }
    });

    it(`kubectl ${version}: run -i --rm, attach, logs`, async () => {
      const name = `run-${version.replaceAll('.', '-')}`;
      const image_ = ['--image', image, '--image-pull-policy=Never', '--restart=Never'];
      const ran = await kubectl(['run', name, '-i', '--rm', ...image_, '--', 'cat'], 'through the pod\n');
      expect(ran.stdout.toString()).toContain('through the pod\n');
      const follow = (...args: string[]) =>
        spawn(binary, ['--kubeconfig', join(cluster.dataDir, 'kubeconfig'), ...args]);
      for (const args of [
        ['attach', 'box'],
        ['logs', '-f', '--tail=1', 'box'],
      ]) {
        const child = follow(...args);
        const [, tick] = await printed(child, /tick (\d+)\n[\s\S]*tick \d+\n/);
        expect(Number(tick)).toBeGreaterThan(0);
        await end(child);
      }
      const limited = await kubectl(['logs', 'box', '--limit-bytes=6']);
      expect(limited.stdout.toString()).toBe('tick 1');
      const timed = await kubectl(['logs', 'box', '--tail=1', '--timestamps']);
      expect(timed.stdout.toString()).toMatch(/^\d{4}-\d\d-\d\dT\S+Z tick \d+\n$/);
      const previous = await kubectl(['logs', 'box', '--previous']);
      expect(previous.stderr).toContain('previous terminated container "main" in pod "box" not found');
    });
  }

  it('proxies to a pod, a service and a node', async () => {
    const get = (path: string) => cluster.kubectl('get', '--raw', path);
    const base = '/api/v1/namespaces/default';
    expect(await get(`${base}/pods/box:8080/proxy/page`)).toBe('hello from the pod\n');
    expect(await get(`${base}/pods/http:box:8081/proxy/page`)).toBe('hello from the pod\n');
    expect(await get(`${base}/services/box:80/proxy/page`)).toBe('hello from the pod\n');
    expect(await get('/api/v1/nodes/node-1/proxy/healthz')).toContain('ok');
    await expect(get(`${base}/services/box:81/proxy/page`)).rejects.toThrow(/no service port 81/);
  });
}, 180_000);
