import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type {
  ContainerConfig,
  ContainerRuntime,
  ContainerStatus,
  ObservedPod,
  PodIdentity,
  SandboxConfig,
  SandboxStatus,
} from '../runtime';

/** One implementation under test. */
export interface RuntimeHarness {
  /** A runtime for node `nodeName`; called again it must find what an earlier one left. */
  open(nodeName: string): Promise<ContainerRuntime>;
  /** An image whose containers can run /bin/sh (or, for `programs: false`, anything). */
  readonly image: string;
  /** A free pod address; undefined where the implementation has none. */
  address(): string;
  /** Removes whatever `open` made outside its own containers. */
  cleanUp(): Promise<void>;
}

/** Says what every container runtime promises in runtime.ts. `programs: false` leaves out what needs real programs. */
export function describeRuntime(
  name: string,
  makeHarness: () => Promise<RuntimeHarness>,
  options: { programs: boolean },
): void {
  const program = options.programs ? it : it.skip;

  describe(`container runtime: ${name}`, { timeout: 30_000 }, () => {
    let harness: RuntimeHarness;
    let runtime: ContainerRuntime;
    let directory: string;
    const node = `contract-${randomUUID().slice(0, 8)}`;

    beforeAll(async () => {
      harness = await makeHarness();
      directory = await mkdtemp(join(tmpdir(), 'wheelhouse-contract-'));
      runtime = await harness.open(node);
    }, 60_000);

    afterEach(() => removeEverything(runtime));

    afterAll(async () => {
      await removeEverything(runtime);
      await runtime.close();
      await harness.cleanUp();
      await rm(directory, { recursive: true, force: true });
    });

    const identity = (): PodIdentity => {
      const uid = randomUUID();
      return { namespace: 'contract', name: `pod-${uid.slice(0, 8)}`, uid };
    };

    async function sandboxConfig(pod: PodIdentity): Promise<SandboxConfig> {
      const podDirectory = join(directory, pod.uid);
      await mkdir(podDirectory, { recursive: true });
      return {
        pod,
        attempt: 0,
        hostname: pod.name,
        address: harness.address(),
        hostPid: false,
        hostIpc: false,
        shareProcesses: false,
        ports: [],
        sysctls: {},
        directory: podDirectory,
      };
    }

    async function config(
      sandbox: SandboxStatus,
      overrides: Partial<ContainerConfig>,
    ): Promise<ContainerConfig> {
      const name = overrides.name ?? 'main';
      const containerDirectory = join(directory, sandbox.pod.uid, name, String(overrides.attempt ?? 0));
      await mkdir(containerDirectory, { recursive: true });
      return {
        name,
        attempt: 0,
        image: harness.image,
        command: ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done'],
        args: undefined,
        env: [],
        workingDir: undefined,
        mounts: [],
        tty: false,
        stdin: false,
        resources: { cpuRequestMillis: undefined, cpuLimitMillis: undefined, memoryLimitBytes: undefined },
        security: {
          privileged: false,
          user: undefined,
          readOnlyRootFilesystem: false,
          noNewPrivileges: false,
          addCapabilities: [],
          dropCapabilities: [],
          supplementalGroups: [],
          seccompUnconfined: false,
        },
        shareProcesses: false,
        hostPid: false,
        hostIpc: false,
        directory: containerDirectory,
        ...overrides,
      };
    }

    async function start(
      overrides: Partial<ContainerConfig> = {},
    ): Promise<{ sandbox: SandboxStatus; id: string }> {
      const sandbox = await runtime.createSandbox(await sandboxConfig(identity()));
      const id = await runtime.createContainer(sandbox, await config(sandbox, overrides));
      await runtime.startContainer(id);
      return { sandbox, id };
    }

    const script = (source: string) => ({ command: ['/bin/sh', '-c', source] });

    /** Observes again on each event of the pod until `condition` holds. */
    async function observed(uid: string, condition: (pod: ObservedPod) => boolean): Promise<ObservedPod> {
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          const done = () => {
            clearTimeout(timer);
            unsubscribe();
            resolve();
          };
          // Events are hints and may be lost.
          const timer = setTimeout(done, 250);
          const unsubscribe = runtime.subscribe((event) => event.podUid === uid && done());
        });
        const pod = await runtime.observePod(uid);
        if (condition(pod)) return pod;
        await changed;
      }
    }

    const exited = async (uid: string): Promise<ContainerStatus> => {
      const pod = await observed(uid, ({ containers }) => containers[0]?.state === 'exited');
      const [container] = pod.containers;
      if (!container) throw new Error('unreachable: the condition saw it');
      return container;
    };

    it('reports a pod from sandbox to running container', async () => {
      const configuration = await sandboxConfig(identity());
      const sandbox = await runtime.createSandbox(configuration);
      expect(sandbox).toMatchObject({ ready: true, attempt: 0, address: configuration.address });
      const id = await runtime.createContainer(sandbox, await config(sandbox, {}));
      expect((await runtime.observePod(sandbox.pod.uid)).containers[0]).toMatchObject({
        id,
        state: 'created',
      });
      await runtime.startContainer(id);
      const pod = await runtime.observePod(sandbox.pod.uid);
      expect(pod.sandboxes).toMatchObject([{ id: sandbox.id, ready: true, address: configuration.address }]);
      expect(pod.containers).toMatchObject([
        { id, name: 'main', attempt: 0, state: 'running', sandboxId: sandbox.id, image: harness.image },
      ]);
      expect(pod.pod).toEqual(sandbox.pod);
      expect(Date.parse(pod.containers[0]?.startedAt ?? '')).toBeGreaterThan(Date.now() - 30_000);
      expect((await runtime.listPods()).map(({ pod: { uid } }) => uid)).toEqual([sandbox.pod.uid]);
    });

    it('answers the existing sandbox and container when asked again', async () => {
      const configuration = await sandboxConfig(identity());
      const first = await runtime.createSandbox(configuration);
      expect((await runtime.createSandbox(configuration)).id).toBe(first.id);
      const container = await config(first, {});
      const id = await runtime.createContainer(first, container);
      expect(await runtime.createContainer(first, container)).toBe(id);
      await runtime.startContainer(id);
      await runtime.startContainer(id);
      await runtime.stopContainer(id, 2);
      await runtime.stopContainer(id, 2);
      await runtime.removeContainer(id);
      await runtime.removeContainer(id);
      await runtime.removeSandbox(first.id);
      await runtime.removeSandbox(first.id);
      expect(await runtime.listPods()).toEqual([]);
    });

    it('knows nothing of other nodes', async () => {
      await start();
      const other = await harness.open(`${node}-other`);
      try {
        expect(await other.listPods()).toEqual([]);
      } finally {
        await other.close();
      }
    });

    it('numbers attempts and lists the newest first', async () => {
      const { sandbox, id } = await start();
      await runtime.stopContainer(id, 0);
      const next = await runtime.createContainer(sandbox, await config(sandbox, { attempt: 1 }));
      await runtime.startContainer(next);
      const pod = await runtime.observePod(sandbox.pod.uid);
      expect(pod.containers).toMatchObject([
        { id: next, attempt: 1, state: 'running' },
        { id, attempt: 0, state: 'exited' },
      ]);
    });

    it('tells of a container that was stopped', async () => {
      const { sandbox, id } = await start();
      const told = new Promise<void>((resolve) => {
        const unsubscribe = runtime.subscribe(({ podUid, type }) => {
          if (podUid !== sandbox.pod.uid || type !== 'exited') return;
          unsubscribe();
          resolve();
        });
      });
      await runtime.stopContainer(id, 5);
      await told;
      expect((await runtime.observePod(sandbox.pod.uid)).containers[0]?.state).toBe('exited');
    });

    it('finds everything again after it was closed', async () => {
      if (!options.programs) return;
      const { sandbox, id } = await start();
      const again = await harness.open(node);
      try {
        expect((await again.observePod(sandbox.pod.uid)).containers).toMatchObject([
          { id, state: 'running' },
        ]);
        await again.stopContainer(id, 5);
        expect((await again.observePod(sandbox.pod.uid)).containers).toMatchObject([{ id, state: 'exited' }]);
      } finally {
        await again.close();
      }
    });

    program('keeps the exit code and both streams of the log', async () => {
      const { sandbox, id } = await start(script('echo out; echo err >&2; exit 3'));
      const status = await exited(sandbox.pod.uid);
      expect(status).toMatchObject({ exitCode: 3, oomKilled: false });
      expect(Date.parse(status.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(status.startedAt ?? ''));
      const log = await text(
        await runtime.logs(id, { follow: false, timestamps: false, tail: undefined, since: undefined }),
      );
      expect(log.split('\n').filter(Boolean).sort()).toEqual(['err', 'out']);
    });

    program('gives the last lines, with times when asked', async () => {
      const { sandbox, id } = await start(script('for i in 1 2 3 4 5; do echo line $i; done'));
      await exited(sandbox.pod.uid);
      const log = await text(
        await runtime.logs(id, { follow: false, timestamps: true, tail: 2, since: undefined }),
      );
      expect(log).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z line 4\n\d{4}-\S+Z line 5\n$/);
      const future = new Date(Date.now() + 60_000);
      expect(
        await text(
          await runtime.logs(id, { follow: false, timestamps: false, tail: undefined, since: future }),
        ),
      ).toBe('');
    });

    program('follows a log until the container ends', async () => {
      const { id } = await start(script('echo first; sleep 0.3; echo second'));
      const log = await runtime.logs(id, {
        follow: true,
        timestamps: false,
        tail: undefined,
        since: undefined,
      });
      expect(await text(log)).toBe('first\nsecond\n');
    });

    program('ends the log when its reader goes away', async () => {
      const { id } = await start(script('while :; do echo x; sleep 0.05; done'));
      const log = await runtime.logs(id, {
        follow: true,
        timestamps: false,
        tail: undefined,
        since: undefined,
      });
      await new Promise((resolve) => log.once('data', resolve));
      const closed = new Promise((resolve) => log.once('close', resolve));
      log.destroy();
      await closed;
    });

    program('passes environment, working directory and arguments', async () => {
      const { sandbox, id } = await start({
        command: ['/bin/sh', '-c', 'echo "$GREETING|$(pwd)|$0|$1"'],
        args: ['zero', 'two words'],
        env: [{ name: 'GREETING', value: "it's $HOME" }],
        workingDir: '/tmp',
      });
      await exited(sandbox.pod.uid);
      const log = await text(
        await runtime.logs(id, { follow: false, timestamps: false, tail: undefined, since: undefined }),
      );
      expect(log).toBe("it's $HOME|/tmp|zero|two words\n");
    });

    program('lets a program end by itself on TERM, and kills one that does not', async () => {
      const polite = await start(
        script('trap "exit 7" TERM; echo up; while :; do sleep 0.1 & wait $!; done'),
      );
      await firstLine(polite.id);
      await runtime.stopContainer(polite.id, 10);
      expect(await exited(polite.sandbox.pod.uid)).toMatchObject({ exitCode: 7 });
      const stubborn = await start(script('trap "" TERM; echo up; while :; do sleep 0.1; done'));
      await firstLine(stubborn.id);
      const before = performance.now();
      await runtime.stopContainer(stubborn.id, 1);
      expect(performance.now() - before).toBeGreaterThan(900);
      expect(await exited(stubborn.sandbox.pod.uid)).toMatchObject({ exitCode: 137 });
    });

    program('says why a program cannot be started', async () => {
      const sandbox = await runtime.createSandbox(await sandboxConfig(identity()));
      const id = await runtime.createContainer(
        sandbox,
        await config(sandbox, { command: ['/no/such/program'] }),
      );
      await expect(runtime.startContainer(id)).rejects.toMatchObject({
        code: 'start-failed',
        message: expect.stringContaining('/no/such/program'),
      });
      expect((await runtime.observePod(sandbox.pod.uid)).containers[0]).toMatchObject({
        state: 'exited',
        message: expect.stringContaining('/no/such/program'),
      });
    });

    program('runs a command beside the program, with its input, output and exit code', async () => {
      const { id } = await start({ env: [{ name: 'INSIDE', value: 'yes' }] });
      const session = await runtime.exec(id, {
        command: ['/bin/sh', '-c', 'read line; echo "$line $INSIDE"; echo bad >&2; exit 4'],
        tty: false,
        stdin: true,
      });
      session.stdin.end('hello\n');
      const [out, err, code] = await Promise.all([text(session.stdout), text(session.stderr), session.exit]);
      expect({ out, err, code }).toEqual({ out: 'hello yes\n', err: 'bad\n', code: 4 });
    });

    program('gives a command a terminal', async () => {
      const { id } = await start();
      const session = await runtime.exec(id, {
        command: ['/bin/sh', '-c', '[ -t 1 ] && echo terminal'],
        tty: true,
        stdin: true,
      });
      const [out, code] = await Promise.all([text(session.stdout), session.exit]);
      expect({ out: out.trim(), code }).toEqual({ out: 'terminal', code: 0 });
    });

    program(
      'attaches to the program: its output from now on, and its input until one client ends it',
      async () => {
        const { sandbox, id } = await start({
          ...script('while read line; do echo "got $line"; done; echo over'),
          stdin: true,
          stdinOnce: true,
        });
        const first = await runtime.attach(id, { stdin: true });
        first.stdin.write('one\n');
        await new Promise((resolve) => first.stdout.once('data', resolve));
        first.stdin.end('two\n');
        expect(await text(first.stdout)).toMatch(/got two\n(?:.*\n)*over\n$/);
        expect(await first.exit).toBe(0);
        first.close();
        await exited(sandbox.pod.uid);
        await expect(runtime.attach(id, { stdin: false })).rejects.toMatchObject({ code: 'not-running' });
      },
    );

    program('reaches a port of the pod, and says so when nothing listens', async () => {
      const port = await freePort();
      const { sandbox, id } = await start(script(`echo up; exec busybox httpd -f -p ${port} -h /tmp`));
      await firstLine(id);
      const connection = await untilListening(() => runtime.dialPod(sandbox, port));
      connection.write('GET /nothing-of-this-name HTTP/1.0\r\n\r\n');
      expect(await text(connection)).toMatch(/^HTTP\/1\.[01] 404/);
      connection.destroy();
      await expect(runtime.dialPod(sandbox, await freePort())).rejects.toMatchObject({ code: 'unreachable' });
    });

    program('refuses to run a command where nothing runs', async () => {
      const { sandbox, id } = await start(script('exit 0'));
      await exited(sandbox.pod.uid);
      await expect(runtime.exec(id, { command: ['true'], tty: false, stdin: false })).rejects.toMatchObject({
        code: 'not-running',
      });
    });

    program('counts time and memory of what runs', async () => {
      const { sandbox } = await start();
      const [stats] = await runtime.stats();
      expect(stats).toMatchObject({ pod: sandbox.pod, container: 'main' });
      expect(stats?.memoryBytes).toBeGreaterThan(0);
    });

    program('knows the local images and refuses what is no image name', async () => {
      expect(await runtime.imageStatus('wheelhouse/hello:1')).toMatchObject({
        names: expect.arrayContaining(['wheelhouse/hello:1']),
      });
      await expect(runtime.imageStatus('Not An Image')).rejects.toMatchObject({ code: 'invalid-image-name' });
      await expect(runtime.pullImage('UPPER//x')).rejects.toMatchObject({ code: 'invalid-image-name' });
    });

    program('runs the sample application from its image alone', async () => {
      const { sandbox } = await start({
        image: 'wheelhouse/hello:1',
        command: undefined,
        env: [
          { name: 'POD_NAME', value: 'greeter' },
          { name: 'POD_IP', value: '' },
        ],
      });
      const answer = await eventually(async () => {
        const response = await fetch(`http://${sandbox.address}:8080/`);
        return response.json();
      });
      expect(answer).toMatchObject({ pod: 'greeter', requests: 1 });
    });

    async function firstLine(id: string): Promise<void> {
      const log = await runtime.logs(id, {
        follow: true,
        timestamps: false,
        tail: undefined,
        since: undefined,
      });
      await new Promise((resolve) => log.once('data', resolve));
      log.destroy();
    }
  });
}

/** Tries again for as long as the test may run; the test's own timeout ends it. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function removeEverything(runtime: ContainerRuntime): Promise<void> {
  for (const { sandboxes, containers } of await runtime.listPods()) {
    for (const { id } of containers) await runtime.removeContainer(id);
    for (const { id } of sandboxes) await runtime.removeSandbox(id);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || !address) throw new Error('unreachable: a TCP server has an address');
  return address.port;
}

/** The program has begun, but says nothing when it listens. */
async function untilListening<T>(dial: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await dial();
    } catch (error) {
      if (tries >= 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
