import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import type { Logger } from '../../component';
import { isAlive, ownIdentity, type ProcessIdentity } from '../../process-identity';
import { StartupError } from '../../startup-error';
import { findBinaries, type PostgresBinaries } from './binaries';
import { isReachable, postgresUser, type SystemUser } from './system-user';

const USER = 'wheelhouse';
/** There is no TCP port; the number only names the socket's file. */
const PORT = 5432;
/** The longest path that a Unix socket may have, less the file's name. */
const LONGEST_SOCKET_DIRECTORY = 107 - '.socket/.s.PGSQL.5432.lock'.length;
const READY_MS = 30_000;
const STOP_MS = 15_000;
const POLL_MS = 20;
const LAUNCHES = 10;
/** Why PostgreSQL refuses to start beside the remains of another one. */
const STILL_THERE = /lock file .* already exists|pre-existing shared memory block/;

/** Small, since the audit is all that it serves; durability is left on. */
const SETTINGS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '20',
  shared_buffers: '32MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '256MB',
  jit: 'off',
  logging_collector: 'off',
  log_checkpoints: 'off',
} as const;

/**
 * A PostgreSQL of our own in a directory: reached through a Unix socket alone, with a random password that only the
 * owner can read. It survives our death by kill -9; the next start adopts it when it answers and otherwise stops it.
 */
export class EmbeddedPostgres {
  #ensuring: Promise<void> | undefined;
  #stopped = false;

  private constructor(
    private readonly places: Places,
    private readonly binaries: PostgresBinaries,
    private readonly user: SystemUser | undefined,
    private readonly password: string,
    private readonly log: Logger,
  ) {}

  /**
   * Takes the directory (made when it does not exist) without starting anything yet: see {@link ensure}.
   * Throws {@link StartupError} with one clear line.
   */
  static async open(directory: string, log: Logger): Promise<EmbeddedPostgres> {
    const user = postgresUser();
    const binaries = await findBinaries();
    const places = prepare(directory, user);
    takeOwnership(places);
    return new EmbeddedPostgres(places, binaries, user, passwordIn(places), log);
  }

  /** True until the database has been made, which takes some seconds on a busy machine. */
  get fresh(): boolean {
    return !existsSync(join(this.places.data, 'PG_VERSION'));
  }

  get connection(): pg.PoolConfig {
    return {
      host: this.places.sockets,
      port: PORT,
      user: USER,
      password: this.password,
      database: 'postgres',
    };
  }

  /** Process id of the running server. */
  get pid(): number | undefined {
    return readPid(this.places.data);
  }

  /**
   * Returns when it answers; makes the database, and starts it (again), as needed. Callers at the same time share one
   * attempt. Rejects with {@link StartupError} when it cannot be had.
   */
  ensure(): Promise<void> {
    this.#ensuring ??= this.#bringUp().finally(() => {
      this.#ensuring = undefined;
    });
    return this.#ensuring;
  }

  async #bringUp(): Promise<void> {
    if (this.#stopped) throw new Error('the embedded PostgreSQL has been stopped');
    if (await this.#answers()) return;
    if (this.fresh) await this.#initialise();
    const left = this.pid;
    if (left !== undefined && isPostgres(left)) await stopProcess(left);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#launch();
        return;
      } catch (error) {
        // The one before has just been killed, and the system has not cleared up all of it yet.
        if (!STILL_THERE.test(String(error)) || attempt === LAUNCHES) throw error;
        await pause(attempt * POLL_MS);
      }
    }
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#ensuring?.catch(() => {});
    const pid = this.pid;
    if (pid !== undefined && isPostgres(pid)) await stopProcess(pid);
    rmSync(this.places.owner, { force: true });
  }

  async #initialise(): Promise<void> {
    const { data } = this.places;
    // Made beside its place and moved there when complete: a start that was interrupted leaves nothing half-made.
    const fresh = `${data}.new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { mode: 0o700 });
    const passwordFile = `${data}.initial`;
    writeFileSync(passwordFile, this.password, { mode: 0o600 });
    if (this.user) {
      for (const path of [fresh, passwordFile]) chownSync(path, this.user.uid, this.user.gid);
    }
    try {
      await this.#run(this.binaries.initdb, [
        ...['--pgdata', fresh, '--username', USER, '--pwfile', passwordFile],
        ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-locale', '--no-sync', '--no-instructions'],
      ]);
    } finally {
      rmSync(passwordFile, { force: true });
    }
    renameSync(fresh, data);
  }

  #run(program: string, args: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { ...this.user, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
      let complaint = '';
      child.stderr?.on('data', (text) => {
        complaint = `${complaint}${text}`.slice(-2000);
      });
      child.on('error', (error) => reject(this.#unusable(error.message)));
      child.on('close', (code) =>
        code === 0 ? resolve() : reject(this.#unusable(`${basename(program)} failed: ${complaint.trim()}`)),
      );
    });
  }

  #unusable(why: string): StartupError {
    return new StartupError(`The embedded PostgreSQL in ${this.places.data} cannot be used: ${why}`);
  }

  async #launch(): Promise<void> {
    const logFile = openSync(this.places.log, 'w', 0o600);
    const { data, sockets } = this.places;
    const settings = { ...SETTINGS, unix_socket_directories: sockets };
    const child = spawn(
      this.binaries.postgres,
      [
        '-D',
        data,
        '-p',
        String(PORT),
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      // Its own process group: a Ctrl-C at the terminal must reach us first, so that we can end in order.
      { ...this.user, cwd: '/', detached: true, stdio: ['ignore', 'ignore', logFile] },
    );
    closeSync(logFile);
    child.unref();
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (error) => reject(this.#unusable(error.message)));
      child.once('exit', () => {
        reject(this.#unusable(this.#stopped ? 'it was stopped' : this.#lastWords()));
      });
    });
    // Once it runs, its end is noticed by those who use it.
    failed.catch(() => {
      if (!this.#stopped) this.log.warn('the embedded PostgreSQL has ended');
    });
    await Promise.race([this.#untilReady(), failed]);
  }

  #lastWords(): string {
    const { log } = this.places;
    const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
    return lines.findLast((line) => line.includes('FATAL')) ?? lines.at(-1) ?? 'it ended without a word';
  }

  async #untilReady(): Promise<void> {
    const giveUpAt = performance.now() + READY_MS;
    while (!(await this.#answers())) {
      if (performance.now() > giveUpAt) throw this.#unusable('it does not answer');
      await pause();
    }
  }

  async #answers(): Promise<boolean> {
    if (this.pid === undefined) return false;
    const client = new pg.Client({ ...this.connection, connectionTimeoutMillis: 5000 });
    // Reported by connect as well; without a listener it would end this process.
    client.on('error', () => {});
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  }
}

interface Places {
  readonly data: string;
  readonly sockets: string;
  readonly password: string;
  readonly owner: string;
  readonly log: string;
}

function prepare(directory: string, user: SystemUser | undefined): Places {
  const parent = dirname(directory);
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const key = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  const reachable = !user || isReachable(parent, user);
  if (!reachable && !existsSync(directory)) {
    // Root keeps its home closed to others, so the data lies where its user can reach it, and is linked to.
    const elsewhere = join('/var/lib/wheelhouse', key);
    mkdirSync(elsewhere, { recursive: true, mode: 0o711 });
    rmSync(directory, { force: true });
    symlinkSync(join(elsewhere, basename(directory)), directory);
  }
  const sockets =
    reachable && Buffer.byteLength(directory) <= LONGEST_SOCKET_DIRECTORY
      ? `${directory}.socket`
      : join('/tmp', `wheelhouse-postgres-${key}`);
  mkdirSync(sockets, { recursive: true, mode: 0o700 });
  if (user) chownSync(sockets, user.uid, user.gid);
  return {
    data: lstatSync(directory, { throwIfNoEntry: false })?.isSymbolicLink()
      ? readlinkSync(directory)
      : directory,
    sockets,
    password: `${directory}.password`,
    owner: `${directory}.owner`,
    log: `${directory}.log`,
  };
}

function takeOwnership({ owner, data }: Places): void {
  if (existsSync(owner)) {
    const held = parseOwner(readFileSync(owner, 'utf8'));
    if (held && isAlive(held)) {
      throw new StartupError(
        `The database in ${data} is in use by process ${held.pid}. Stop that process or choose another data directory.`,
      );
    }
  }
  writeFileSync(owner, JSON.stringify(ownIdentity()), { mode: 0o600 });
}

function parseOwner(text: string): ProcessIdentity | undefined {
  try {
    const { pid, started } = JSON.parse(text);
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    // Cut short by a crash while it was written: nobody owns the directory.
    return undefined;
  }
}

function passwordIn({ password }: Places): string {
  if (existsSync(password)) return readFileSync(password, 'utf8').trim();
  const made = randomBytes(24).toString('base64url');
  writeFileSync(password, made, { mode: 0o600 });
  return made;
}

function readPid(data: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** The file may outlive its process, and the number may have gone to another program. */
function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgres');
  } catch {
    return false;
  }
}

/** A "fast shutdown": ends sessions and writes everything down; the hard way when that takes too long. */
async function stopProcess(pid: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    const giveUpAt = performance.now() + STOP_MS;
    process.kill(pid, signal);
    while (isPostgres(pid)) {
      if (performance.now() > giveUpAt) break;
      await pause();
    }
    if (!isPostgres(pid)) return;
  }
}

function pause(ms = POLL_MS): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
