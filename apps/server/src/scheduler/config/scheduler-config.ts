import { parse } from 'yaml';
import { type ExtenderConfig, readExtender } from '../extenders/extender-config';
import { EXTENSION_POINTS, type ExtensionPoint } from '../framework/plugin';
import { ConfigError, FieldReader } from './field-reader';

/** The file of `--scheduler-config`: KubeSchedulerConfiguration, as far as it makes sense here, and our additions. */
export interface SchedulerConfig {
  readonly profiles: readonly ProfileConfig[];
  readonly extenders: readonly ExtenderConfig[];
  /** Modules with further plugins; relative paths are taken from the file's directory by whoever loads them. */
  readonly pluginModules: readonly string[];
  readonly baseBackOffMs: number;
  readonly maxBackOffMs: number;
}

export interface ProfileConfig {
  readonly schedulerName: string;
  /** 0 chooses by the cluster's size. */
  readonly percentageOfNodesToScore: number;
  readonly multiPoint: PluginSet;
  readonly points: ReadonlyMap<ExtensionPoint, PluginSet>;
  /** Arguments by plugin name; each plugin checks its own. */
  readonly args: ReadonlyMap<string, unknown>;
}

export interface PluginSet {
  readonly enabled: readonly { readonly name: string; readonly weight?: number }[];
  /** `*` stands for all that are there by default. */
  readonly disabled: readonly string[];
}

const API_VERSIONS = ['kubescheduler.config.k8s.io/v1', 'scheduling.wheelhouse.dev/v1'] as const;
const PERCENT = { min: 0, max: 100 };
const SECONDS = { min: 1, max: 86_400 };
const NONE: PluginSet = { enabled: [], disabled: [] };

/** What holds without a file. */
export const defaultConfig: SchedulerConfig = {
  profiles: [
    {
      schedulerName: 'default-scheduler',
      percentageOfNodesToScore: 0,
      multiPoint: NONE,
      points: new Map(),
      args: new Map(),
    },
  ],
  extenders: [],
  pluginModules: [],
  baseBackOffMs: 1_000,
  maxBackOffMs: 10_000,
};

/** Reads the text of a configuration file. Throws {@link ConfigError} that names the field. */
export function parseSchedulerConfig(text: string): SchedulerConfig {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw new ConfigError(`not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  const file = new FieldReader(value, '').only(
    'apiVersion',
    'kind',
    'profiles',
    'extenders',
    'pluginModules',
    'percentageOfNodesToScore',
    'podInitialBackoffSeconds',
    'podMaxBackoffSeconds',
    // How the process runs, which its flags say here.
    'parallelism',
    'leaderElection',
    'clientConnection',
    'healthzBindAddress',
    'metricsBindAddress',
    'enableProfiling',
    'enableContentionProfiling',
    'delayCacheUntilActive',
  );
  file.field('apiVersion').oneOf(...API_VERSIONS);
  file.field('kind').oneOf('KubeSchedulerConfiguration');
  const percentage = file.field('percentageOfNodesToScore').numberOr(0, PERCENT);
  const baseBackOffMs = 1_000 * file.field('podInitialBackoffSeconds').numberOr(1, SECONDS);
  const max = file.field('podMaxBackoffSeconds');
  const maxBackOffMs = 1_000 * max.numberOr(Math.max(10, baseBackOffMs / 1_000), SECONDS);
  if (maxBackOffMs < baseBackOffMs) max.fail('must not be less than podInitialBackoffSeconds');
  const profiles = file
    .field('profiles')
    .list()
    .map((one) => readProfile(one, percentage));
  const names = new Set(profiles.map(({ schedulerName }) => schedulerName));
  if (names.size !== profiles.length) file.field('profiles').fail('a schedulerName is there twice');
  const extenders = file.field('extenders').list().map(readExtender);
  if (extenders.filter(({ bindVerb }) => bindVerb).length > 1) {
    file.field('extenders').fail('only one extender may bind');
  }
  return {
    profiles: profiles.length > 0 ? profiles : defaultConfig.profiles,
    extenders,
    pluginModules: file
      .field('pluginModules')
      .list()
      .map((one) => one.text()),
    baseBackOffMs,
    maxBackOffMs,
  };
}

function readProfile(reader: FieldReader, percentage: number): ProfileConfig {
  reader.only('schedulerName', 'percentageOfNodesToScore', 'plugins', 'pluginConfig');
  const plugins = reader.field('plugins').only('multiPoint', ...EXTENSION_POINTS);
  const args = new Map<string, unknown>();
  for (const one of reader.field('pluginConfig').list()) {
    const name = one.only('name', 'args').field('name').text();
    if (args.has(name)) one.fail(`${name} is there twice`);
    args.set(name, one.field('args').raw());
  }
  return {
    schedulerName: reader.field('schedulerName').textOr('default-scheduler'),
    percentageOfNodesToScore: reader.field('percentageOfNodesToScore').numberOr(percentage, PERCENT),
    multiPoint: readSet(plugins.field('multiPoint')),
    points: new Map(EXTENSION_POINTS.map((point) => [point, readSet(plugins.field(point))])),
    args,
  };
}

function readSet(reader: FieldReader): PluginSet {
  reader.only('enabled', 'disabled');
  return {
    enabled: reader
      .field('enabled')
      .list()
      .map((one) => {
        const weight = one.only('name', 'weight').field('weight');
        return {
          name: one.field('name').text(),
          ...(weight.isSet ? { weight: weight.number({ min: 1, max: 1_000 }) } : {}),
        };
      }),
    disabled: reader
      .field('disabled')
      .list()
      .map((one) => one.only('name').field('name').text()),
  };
}
