import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeDirectory, startExpectingRefusal } from './support/wheelhouse';

/** What a user gets who asks for what cannot be: one clear line, exit code 1, nothing left running. */
describe('refusing to start', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'wheelhouse-refusal-'));
  });
  afterAll(() => removeDirectory(dataDir));

  const refuse = (...args: string[]) =>
    startExpectingRefusal(['--data-dir', dataDir, '--api-port', '0', '--console-port', '0', ...args]);

  it('names the port that is in use and the flag to change it', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const address = holder.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    try {
      for (const flag of ['--api-port', '--console-port']) {
        const { code, output } = await refuse(flag, String(port));
        expect(code).toBe(1);
        expect(output).toContain(`Port ${port}`);
        expect(output).toContain(flag);
        expect(output).not.toContain('at Server');
      }
    } finally {
      holder.close();
    }
  });

  it('names an etcd that does not answer', async () => {
    const { code, output } = await refuse('--store', 'etcd:http://127.0.0.1:1');
    expect(code).toBe(1);
    expect(output).toContain('127.0.0.1:1');
  });

  it('names a database that does not answer, without the password', async () => {
    const { code, output } = await refuse('--database', 'postgres://someone:opensesame@127.0.0.1:1/audit');
    expect(code).toBe(1);
    expect(output).toContain('127.0.0.1:1');
    expect(output).not.toContain('opensesame');
  });

  it('explains flags that make no sense', async () => {
    for (const [args, expected] of [
      [['--store', 'mysql'], /--store takes "embedded" or "etcd:/],
      [['--runtime', 'podman'], /--runtime takes one of/],
      [['--nodes', 'many'], /--nodes takes a whole number/],
      [['--api-port', '70000'], /--api-port takes a port number/],
    ] as const) {
      const { code, output } = await refuse(...args);
      expect(code).toBe(1);
      expect(output).toMatch(expected);
    }
  });

  it('does not touch a data directory of a newer version', async () => {
    const newer = await mkdtemp(join(tmpdir(), 'wheelhouse-newer-'));
    await writeFile(
      join(newer, 'cluster.json'),
      JSON.stringify({ version: 999, clusterId: 'x', ranges: {} }),
    );
    const { code, output } = await refuse('--data-dir', newer);
    expect(code).toBe(1);
    expect(output).toContain('newer Wheelhouse');
    await removeDirectory(newer);
  });
});
