import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import pino, { type Logger } from 'pino';
import type { ServerConfig } from '../cluster/config';
import {
  option,
  parseChoice,
  parseComponents,
  parseCount,
  parseDatabase,
  parsePort,
  parseStore,
} from './options';

/** Values of the flags below, as commander gives them. */
export interface ServerFlags {
  readonly dataDir: string;
  readonly apiPort: string;
  readonly consolePort: string;
  readonly apiHost: string;
  readonly consoleHost: string;
  readonly advertise: string;
  readonly store: string;
  readonly database: string;
  readonly controllers: string;
  readonly controllersFrom: string;
  readonly nodeMonitorGrace: string;
  readonly defaultToleration: string;
  readonly logLevel: string;
  readonly schedulerConfig?: string;
  readonly enableAdmissionPlugins: string;
  readonly disableAdmissionPlugins: string;
}

export interface FlagDefaults {
  /** Seconds. */
  readonly nodeMonitorGrace: number;
  /** Seconds. */
  readonly defaultToleration: number;
}

/** The flags that `npm start` and `wheelhouse server` share. */
export function addServerFlags(command: Command, defaults: FlagDefaults): Command {
  return command
    .addOption(option('--data-dir <directory>', 'where the cluster keeps everything').default('.wheelhouse'))
    .addOption(option('--api-port <port>', 'port of the API (0: any free one)').default('6443'))
    .addOption(option('--api-host <address>', 'address the API listens on').default('127.0.0.1'))
    .addOption(option('--console-port <port>', 'port of the console (0: any free one)').default('3000'))
    .addOption(option('--console-host <address>', 'address the console listens on').default('127.0.0.1'))
    .addOption(
      option('--advertise <list>', 'further names and addresses of the API, the first for agents').default(
        '',
      ),
    )
    .addOption(option('--store <store>', 'embedded, or etcd:http://HOST:PORT,…').default('embedded'))
    .addOption(
      option('--database <database>', 'embedded, or postgres://USER:PASSWORD@HOST/NAME').default('embedded'),
    )
    .addOption(option('--controllers <list>', "which controllers run: '*', 'name', '-name'").default('*'))
    .addOption(option('--controllers-from <files>', 'modules with further controllers').default(''))
    .addOption(
      option('--node-monitor-grace <seconds>', 'time without a heartbeat until a node is NotReady').default(
        String(defaults.nodeMonitorGrace),
      ),
    )
    .addOption(
      option('--default-toleration <seconds>', 'time that pods stay on a node which is not ready').default(
        String(defaults.defaultToleration),
      ),
    )
    .addOption(option('--scheduler-config <file>', 'profiles, plugins and extenders of the scheduler'))
    .addOption(
      option('--enable-admission-plugins <list>', 'plugins that have to run; all do by default').default(''),
    )
    .addOption(option('--disable-admission-plugins <list>', 'plugins that shall not run').default(''))
    .addOption(option('--log-level <level>', 'debug, info, warn or error').default('info'));
}

/** Checks the flags and makes the configuration of them. Throws StartupError with one clear line. */
export function serverConfig(
  flags: ServerFlags,
  rest: { components?: string; kubeconfig?: string | undefined } = {},
): Omit<ServerConfig, 'log' | 'electsLeader'> & { readonly logLevel: string } {
  const dataDir = resolve(flags.dataDir);
  const seconds = { min: 1, max: 86_400 };
  return {
    dataDir,
    components: parseComponents(rest.components ?? 'api,scheduler,controllers,console'),
    apiHost: flags.apiHost,
    apiPort: parsePort('--api-port', flags.apiPort),
    consoleHost: flags.consoleHost,
    consolePort: parsePort('--console-port', flags.consolePort),
    advertise: listOf(flags.advertise),
    controllers: listOf(flags.controllers),
    controllersFrom: listOf(flags.controllersFrom).map((path) => resolve(path)),
    store: parseStore(flags.store, dataDir),
    database: parseDatabase(flags.database, dataDir),
    kubeconfig: rest.kubeconfig,
    nodeMonitorGraceSeconds: parseCount('--node-monitor-grace', flags.nodeMonitorGrace, seconds),
    defaultTolerationSeconds: parseCount('--default-toleration', flags.defaultToleration, seconds),
    schedulerConfig: flags.schedulerConfig === undefined ? undefined : resolve(flags.schedulerConfig),
    admissionPlugins: {
      enabled: listOf(flags.enableAdmissionPlugins),
      disabled: listOf(flags.disableAdmissionPlugins),
    },
    logLevel: parseChoice('--log-level', flags.logLevel, ['debug', 'info', 'warn', 'error']),
  };
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** The server's log: JSON lines in `<dataDir>/logs/server.log`; the terminal is for people. */
export function openLog(dataDir: string, level: string): Logger {
  const directory = join(dataDir, 'logs');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return pino(
    { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: join(directory, 'server.log'), mode: 0o600, sync: false, minLength: 0 }),
  );
}
