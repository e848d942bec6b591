import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, open, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { Clock } from '@wheelhouse/shared/clock';
import { localImage } from '../images/local-image';
import {
  type ContainerConfig,
  type ContainerStatus,
  type PodIdentity,
  RuntimeError,
  type SandboxStatus,
} from '../runtime';
import { ProcessInput } from './process-input';
import { type ControlGroup, createControlGroup, removeControlGroup, wasOutOfMemory } from './process-limits';
import { ProcessLog } from './process-log';
import { identityOf, listProcesses } from './process-table';

/** What is on disk of a container, in `container.json`. */
interface Stored {
  readonly id: string;
  readonly pod: PodIdentity;
  readonly name: string;
  readonly attempt: number;
  readonly sandboxId: string;
  readonly image: string;
  readonly createdAt: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly user: number | undefined;
  readonly group: number | undefined;
  readonly controlGroup: ControlGroup | undefined;
  readonly stdin?: 'open' | 'once';
  readonly startedAt?: string;
  readonly process?: { readonly pid: number; readonly identity: string };
  readonly failure?: { readonly message: string; readonly at: string };
}

const FILE = 'container.json';
const EXIT = 'exit';
const ADOPTED_POLL_MS = 200;
const KILL_POLL_MS = 20;
const NOT_FOUND_CODE = 127;

/**
 * The shell that leads a container: it joins the control groups, runs the program, and writes its exit code down.
 * It handles the signals that go to the whole group (a handled signal, unlike an ignored one, is not inherited).
 */
const LEADER = `trap : TERM INT HUP QUIT USR1 USR2 ALRM
dir=$1; shift
while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift
"$@"
code=$?
echo $code > "$dir/exit.new" && mv "$dir/exit.new" "$dir/exit"
exit $code`;

/** One run of a container: a process group of the host. */
export class ProcessContainer {
  readonly log: ProcessLog;
  /** Where attached clients write; undefined for a program without input. */
  #input: ProcessInput | undefined;
  #exit: { code: number; at: string; oom: boolean } | undefined;
  #cancelPoll: () => void = () => undefined;
  #ended: (() => void)[] = [];
  #closed = false;

  private constructor(
    private readonly directory: string,
    private stored: Stored,
    private readonly options: {
      clock: Clock;
      onChange(container: ProcessContainer, type: 'started' | 'exited'): void;
    },
  ) {
    this.log = new ProcessLog(directory, options.clock);
  }

  /** Makes the directory and all that the program needs; throws `create-failed`. */
  static async create(
    directory: string,
    input: { id: string; sandbox: SandboxStatus; config: ContainerConfig },
    options: ProcessContainer['options'],
  ): Promise<ProcessContainer> {
    const { sandbox, config } = input;
    const home = join(directory, 'home');
    await mkdir(home, { recursive: true, mode: 0o755 });
    const program = await programOf(config, join(directory, 'image'));
    const [user, group] = (config.security.user ?? '')
      .split(':')
      .map((text) => (text ? Number(text) : undefined));
    const container = new ProcessContainer(
      directory,
      {
        id: input.id,
        pod: sandbox.pod,
        name: config.name,
        attempt: config.attempt,
        sandboxId: sandbox.id,
        image: config.image,
        createdAt: options.clock.now().toISOString(),
        command: program.command,
        env: environment({ config, home, address: sandbox.address, image: program.env }),
        workingDir: await workingDirectory(config.workingDir, home),
        user,
        group,
        controlGroup: await createControlGroup(input.id, config.resources),
        ...(config.stdin ? { stdin: config.stdinOnce ? 'once' : 'open' } : {}),
      },
      options,
    );
    await linkMounts(config, home);
    await container.#save();
    await (await open(container.log.path, 'a')).close();
    await container.log.open();
    return container;
  }

  /** What an earlier agent left in `directory`; undefined when that is no container. */
  static async load(
    directory: string,
    options: ProcessContainer['options'],
  ): Promise<ProcessContainer | undefined> {
    const text = await readFile(join(directory, FILE), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    // Written by `#save` alone, and replaced at one moment.
    const container = new ProcessContainer(directory, JSON.parse(text) as Stored, options);
    await container.log.open();
    await container.#look();
    if (container.status().state === 'running') {
      const { stdin } = container.stored;
      if (stdin) container.#input = await ProcessInput.open(directory, stdin === 'once');
      container.#poll();
    }
    return container;
  }

  get id(): string {
    return this.stored.id;
  }

  get leader(): number | undefined {
    return this.#exit ? undefined : this.stored.process?.pid;
  }

  status(): ContainerStatus & { readonly pod: PodIdentity } {
    const { id, pod, name, attempt, sandboxId, image, createdAt, startedAt, failure } = this.stored;
    const exit = this.#exit;
    return {
      id,
      pod,
      name,
      attempt,
      sandboxId,
      image,
      imageId: localImage(image) ? `local:${image}` : 'host',
      createdAt,
      state: failure || exit ? 'exited' : startedAt ? 'running' : 'created',
      startedAt: startedAt ?? failure?.at,
      finishedAt: failure?.at ?? exit?.at,
      exitCode: failure ? NOT_FOUND_CODE : exit?.code,
      oomKilled: exit?.oom ?? false,
      message: failure?.message,
    };
  }

  async start(): Promise<void> {
    if (this.status().state !== 'created') return;
    const { command, env, workingDir, user, group, controlGroup, stdin } = this.stored;
    const problem = await cannotRun(command[0] ?? '', env.PATH ?? '', workingDir);
    const at = this.options.clock.now().toISOString();
    if (problem) {
      this.stored = { ...this.stored, failure: { message: problem, at } };
      await this.#save();
      throw new RuntimeError('start-failed', problem);
    }
    const log = await open(this.log.path, 'a');
    if (stdin) this.#input = await ProcessInput.create(this.directory, stdin === 'once');
    const inputEnd = await this.#input?.openForProgram();
    let child: ChildProcess;
    try {
      child = spawn(
        '/bin/sh',
        ['-c', LEADER, 'sh', this.directory, ...(controlGroup?.directories ?? []), '--', ...command],
        {
          cwd: workingDir,
          env,
          // A session of its own: it outlives the agent, and everything in it can be found and signalled.
          detached: true,
          stdio: [inputEnd?.fd ?? 'ignore', log.fd, log.fd],
          ...(user === undefined || process.getuid?.() !== 0 ? {} : { uid: user }),
          ...(group === undefined || process.getuid?.() !== 0 ? {} : { gid: group }),
        },
      );
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.stored = { ...this.stored, failure: { message, at } };
      await this.#save();
      throw new RuntimeError('start-failed', message, { cause: error });
    } finally {
      await log.close();
      await inputEnd?.close();
    }
    child.unref();
    child.once('exit', () => void this.#look());
    const pid = child.pid ?? 0;
    const identity = (await identityOf(pid)) ?? '';
    this.stored = { ...this.stored, startedAt: at, process: { pid, identity } };
    await this.#save();
    this.options.onChange(this, 'started');
    await this.#look();
  }

  /** TERM to the group, KILL to what is left of its session after the grace. */
  async stop(graceSeconds: number): Promise<void> {
    if (this.status().state !== 'running') return;
    const leader = this.leader ?? 0;
    if (graceSeconds > 0) {
      signal(-leader, 'SIGTERM');
      if (await this.#endsWithin(graceSeconds * 1000)) return this.#killRest(leader);
    }
    while (this.status().state === 'running') {
      const rest = (await listProcesses()).filter(({ session, pid }) => session === leader && pid !== leader);
      for (const { pid } of rest) signal(pid, 'SIGKILL');
      // The leader lives to write the exit code; alone it has nothing more to wait for.
      if (rest.length === 0 && (await this.#isStuck())) signal(-leader, 'SIGKILL');
      await this.#endsWithin(KILL_POLL_MS);
      await this.#look();
    }
  }

  async remove(): Promise<void> {
    await this.stop(0);
    this.close();
    await removeControlGroup(this.stored.controlGroup);
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Lets go of it; the program goes on. */
  close(): void {
    this.#closed = true;
    this.#input?.close();
    this.#cancelPoll();
    this.log.close();
  }

  get input(): ProcessInput | undefined {
    return this.#input;
  }

  /** For commands that run beside the program. */
  get surroundings(): Pick<Stored, 'env' | 'workingDir' | 'user' | 'group'> {
    return this.stored;
  }

  #poll(): void {
    if (this.#closed) return;
    this.#cancelPoll = this.options.clock.after(ADOPTED_POLL_MS, () => {
      void this.#look().then(() => this.status().state === 'running' && this.#poll());
    });
  }

  /** Finds out whether it still runs. */
  async #look(): Promise<void> {
    const { process: leader, startedAt } = this.stored;
    if (this.#exit || !leader || !startedAt) return;
    const alive = (await identityOf(leader.pid)) === leader.identity;
    if (alive) return;
    const file = join(this.directory, EXIT);
    const code = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
    const at = (await stat(file).catch(() => undefined))?.mtime ?? this.options.clock.now();
    if (this.#exit || this.#closed) return;
    const oom = await wasOutOfMemory(this.stored.controlGroup);
    // Without a code its leader was killed too.
    this.#exit = { code: Number.isNaN(code) ? 137 : code, at: at.toISOString(), oom };
    this.#cancelPoll();
    this.#input?.close();
    await this.log.check();
    for (const resolve of this.#ended.splice(0)) resolve();
    this.options.onChange(this, 'exited');
  }

  #endsWithin(ms: number): Promise<boolean> {
    if (this.#exit) return Promise.resolve(true);
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(ms, () => {
        this.#ended = this.#ended.filter((other) => other !== ended);
        resolve(false);
      });
      const ended = () => {
        cancel();
        resolve(true);
      };
      this.#ended.push(ended);
    });
  }

  #aloneSince: number | undefined;
  async #isStuck(): Promise<boolean> {
    const now = this.options.clock.monotonic();
    this.#aloneSince ??= now;
    return now - this.#aloneSince > 500;
  }

  /** Children that the program left behind end with it, as in a container. */
  async #killRest(leader: number): Promise<void> {
    for (const { session, pid } of await listProcesses()) if (session === leader) signal(pid, 'SIGKILL');
  }

  async #save(): Promise<void> {
    const file = join(this.directory, FILE);
    await writeFile(`${file}.new`, JSON.stringify(this.stored), { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
}

async function programOf(
  config: ContainerConfig,
  imageDirectory: string,
): Promise<{ command: string[]; env: Record<string, string> }> {
  if (config.command) return { command: [...config.command, ...(config.args ?? [])], env: {} };
  const image = await localImage(config.image)?.asProcess?.(imageDirectory);
  if (!image) {
    throw new RuntimeError(
      'create-failed',
      `image "${config.image}" cannot run as a process: without a container engine container "${config.name}" needs a command, a program of this host`,
    );
  }
  return { command: [...image.command, ...(config.args ?? [])], env: image.env };
}

function environment(input: {
  config: ContainerConfig;
  home: string;
  address: string | undefined;
  image: Record<string, string>;
}): Record<string, string> {
  const { config, home, address } = input;
  const volumes = config.mounts
    .filter(({ volume }) => volume)
    .map(({ volume, hostPath }) => [
      `WHEELHOUSE_VOLUME_${volume.toUpperCase().replaceAll('-', '_')}`,
      hostPath,
    ]);
  return {
    PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    ...(process.env.LANG ? { LANG: process.env.LANG } : {}),
    ...(address ? { POD_IP: address, HOST: address } : {}),
    ...input.image,
    ...Object.fromEntries(volumes),
    ...Object.fromEntries(config.env.map(({ name, value }) => [name, value])),
  };
}

async function workingDirectory(wanted: string | undefined, home: string): Promise<string> {
  if (!wanted) return home;
  const present = await stat(wanted).catch(() => undefined);
  if (present?.isDirectory()) return wanted;
  const own = join(home, wanted);
  await mkdir(own, { recursive: true });
  return own;
}

async function linkMounts({ mounts }: ContainerConfig, home: string): Promise<void> {
  for (const { hostPath, containerPath } of mounts) {
    const link = join(home, containerPath);
    await mkdir(dirname(link), { recursive: true });
    await symlink(hostPath, link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** In a container engine's words, or undefined when the program is there. */
async function cannotRun(program: string, path: string, workingDir: string): Promise<string | undefined> {
  const candidates = program.includes('/')
    ? [join(program.startsWith('/') ? '' : workingDir, program)]
    : path.split(delimiter).map((directory) => join(directory, program));
  for (const candidate of candidates) {
    const runnable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runnable) return undefined;
  }
  return program.includes('/')
    ? `exec: "${program}": no such file, or not executable`
    : `exec: "${program}": executable file not found in $PATH`;
}

/** The target may be gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  if (pid === 0 || pid === 0) return;
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
