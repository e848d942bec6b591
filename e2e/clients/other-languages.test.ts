import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage } from '../support/busybox-image';
import { removeDirectory, startWheelhouse, type Wheelhouse } from '../support/wheelhouse';

const execute = promisify(execFile);
const scripts = join(import.meta.dirname, 'scripts');

/** What programs in every language see of one config map that is written and watched. */
const objects = {
  merged: { a: '1', b: '2' },
  'json patch': { b: '2' },
  conflict: 409,
  twice: 409,
  missing: 404,
  selected: 1,
  events: [
    ['ADDED', 'two'],
    ['DELETED', 'two'],
  ],
};

describe('clients in other languages', () => {
  let cluster: Wheelhouse;
  let directory: string;
  let image: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-languages-'));
    [image, cluster] = await Promise.all([
      busyboxImage(directory),
      startWheelhouse({ args: ['--nodes', '1', '--no-demo'] }),
    ]);
  });
  afterAll(async () => {
    await cluster?.stop();
    if (cluster) await removeDirectory(cluster.dataDir);
    if (image) await execute('docker', ['rmi', '-f', image]);
    await removeDirectory(directory);
  });

  /** Debian's interpreters, for which its packages are; others may come first on the path. */
  async function run(interpreter: string, script: string, ...args: string[]) {
    const { stdout } = await execute(interpreter, [join(scripts, script), ...args], {
      env: { ...process.env, KUBECONFIG: join(cluster.dataDir, 'kubeconfig') },
    });
    return JSON.parse(stdout);
  }

  it.concurrent('Python (python3-kubernetes)', async () => {
    expect(await run('/usr/bin/python3', 'day.py', 'python', image)).toEqual({
      ...objects,
      custom: 9,
      applied: 'brown',
      left: 0,
      exec: ['heard you\n', 'trouble\n', 5],
      log: 'started',
    });
  });

  it.concurrent('Ruby (ruby-kubeclient)', async () => {
    expect(await run('/usr/bin/ruby', 'day.rb', 'ruby')).toEqual({
      ...objects,
      applied: [['ruby', 'Apply']],
      log: expect.stringMatching(/listens on/),
    });
  });
});
