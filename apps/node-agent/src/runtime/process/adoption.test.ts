import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@wheelhouse/shared/clock';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import type { ContainerRuntime } from '../runtime';
import { createProcessRuntime } from './process-runtime';

const here = fileURLToPath(new URL('.', import.meta.url));

/** An agent of its own: starts two containers in the directory that it is given, says so, and waits to be killed. */
const AGENT = `
import { systemClock } from '@wheelhouse/shared/clock';
import { createProcessRuntime } from './process-runtime';
const directory = process.argv[2];
const runtime = await createProcessRuntime({ directory, clock: systemClock });
const pod = { namespace: 'default', name: 'p', uid: 'pod-uid' };
const sandbox = await runtime.createSandbox({ pod, attempt: 0, hostname: 'p', address: '127.9.9.9', hostPid: false,
  hostIpc: false, shareProcesses: false, ports: [], sysctls: {}, directory });
for (const [name, script] of [
  ['lives', 'trap "exit 0" TERM; echo alive; while :; do sleep 0.1 & wait $!; done'],
  ['ends', 'while [ ! -e "$GO" ]; do sleep 0.05; done; echo over; exit 5'],
]) {
  await runtime.startContainer(await runtime.createContainer(sandbox, { name, attempt: 0, image: 'x:1',
    command: ['/bin/sh', '-c', script], args: undefined, env: [{ name: 'GO', value: directory + '.go' }],
    workingDir: undefined, mounts: [], tty: false, stdin: false, resources: {}, security: {}, shareProcesses: false,
    hostPid: false, hostIpc: false, directory }));
}
console.log('started');
setInterval(() => {}, 1000);
`;

test('containers outlive an agent that is killed; the next one adopts them, with the exit codes of what ended since', {
  timeout: 30_000,
}, async () => {
  const base = await mkdtemp(join(tmpdir(), 'wheelhouse-adoption-'));
  const directory = join(base, 'processes');
  const script = join(base, 'agent.mjs');
  let runtime: ContainerRuntime | undefined;
  try {
    await build({
      stdin: { contents: AGENT, resolveDir: here, loader: 'ts' },
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: {
        js: "import { createRequire as __r } from 'node:module'; const require = __r(import.meta.url);",
      },
      logLevel: 'error',
    });
    const agent = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(createInterface(agent.stdout), 'line');
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    // It ends while nobody looks.
    await writeFile(`${directory}.go`, '');
    runtime = await createProcessRuntime({ directory, clock: systemClock });
    const adopted = runtime;
    const state = async (name: string) =>
      (await adopted.observePod('pod-uid')).containers.find((container) => container.name === name);
    await expect
      .poll(() => state('ends'), { timeout: 10_000 })
      .toMatchObject({ state: 'exited', exitCode: 5 });
    expect(await state('lives')).toMatchObject({ state: 'running' });
    expect((await adopted.observePod('pod-uid')).sandboxes).toMatchObject([
      { address: '127.9.9.9', ready: true },
    ]);
    const log = await adopted.logs('pod-uid.ends.0', {
      follow: false,
      timestamps: false,
      tail: undefined,
      since: undefined,
    });
    expect(await text(log)).toBe('over\n');
    await adopted.stopContainer('pod-uid.lives.0', 5);
    expect(await state('lives')).toMatchObject({ state: 'exited', exitCode: 0 });
  } finally {
    for (const { containers } of (await runtime?.listPods()) ?? []) {
      for (const { id } of containers) await runtime?.removeContainer(id);
    }
    await runtime?.close();
    await rm(base, { recursive: true, force: true });
  }
});
