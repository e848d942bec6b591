import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withHostLock } from '../../host/host-lock';
import { pauseBinary } from './pause-binary';
import { parseLdd } from './shared-libraries';

test.skipIf(process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64'))(
  'the pause program waits, survives a child’s end, and exits 0 on TERM',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wheelhouse-pause-'));
    try {
      const path = join(directory, 'pause');
      // skipIf has seen to the architecture.
      await writeFile(path, pauseBinary(process.arch as 'x64' | 'arm64'));
      await chmod(path, 0o755);
      const child = execFile(path);
      await once(child, 'spawn');
      // Before its first system call TERM would end it by default; then it sleeps, waiting.
      const state = async () =>
        /^State:\t(\w)/m.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      await expect.poll(state).toBe('S');
      child.kill('SIGCHLD');
      // Signals arrive in order of their number: were CHLD fatal, the code would not be 0.
      child.kill('SIGTERM');
      const [code, signal] = await once(child, 'exit');
      expect({ code, signal }).toEqual({ code: 0, signal: null });
    } finally {
      await rm(directory, { recursive: true });
    }
  },
);

test('the pause program for arm64 is an executable of that machine, with its signal mask at the end', () => {
  const file = pauseBinary('arm64');
  expect(file.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
  expect(file.readUInt16LE(18)).toBe(183);
  expect(file.readBigUInt64LE(file.length - 8)).toBe(0x14002n);
});

test('ldd’s answer as a list of files', () => {
  const text = `	linux-vdso.so.1 (0x00007ffd)
	libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f00)
	/lib64/ld-linux-x86-64.so.2 (0x00007f01)
	/lib/ld-musl-x86_64.so.1 => /usr/lib/libc.so (0x00007f02)
`;
  expect(parseLdd(text)).toEqual([
    '/lib/x86_64-linux-gnu/libm.so.6',
    '/lib64/ld-linux-x86-64.so.2',
    '/lib/ld-musl-x86_64.so.1',
    '/usr/lib/libc.so',
  ]);
  expect(() => parseLdd('	libx.so.1 => not found\n')).toThrow('libx.so.1 is not installed');
});

test('work under one lock never overlaps', async () => {
  const name = `wheelhouse-test-${process.pid}`;
  let inside = 0;
  const order: number[] = [];
  await Promise.all(
    [1, 2, 3].map((id) =>
      withHostLock(name, async () => {
        inside += 1;
        expect(inside).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(id);
        inside -= 1;
      }),
    ),
  );
  expect(order.sort()).toEqual([1, 2, 3]);
});
