import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';

export const RUNTIMES = ['auto', 'docker', 'process', 'simulated'] as const;
export type RuntimeName = (typeof RUNTIMES)[number];
export const DATAPLANES = ['userspace', 'nftables', 'none'] as const;
export type DataplaneName = (typeof DATAPLANES)[number];

export interface AgentConfig {
  readonly server: URL;
  /** Needed for the first registration only. */
  readonly joinToken: string | undefined;
  /** Several for simulated nodes, which share this process. */
  readonly nodeNames: readonly string[];
  readonly nodeIp: string;
  /** Whether the agent makes the node's address one of this host's own while it runs. */
  readonly claimsNodeIp: boolean;
  readonly nodePortAddresses: readonly string[];
  readonly dataDir: string;
  readonly runtime: RuntimeName;
  readonly dataplane: DataplaneName;
  readonly labels: Readonly<Record<string, string>>;
  readonly logLevel: string;
}

/** A wrong flag, in a sentence for the person at the terminal. */
export class UsageError extends Error {
  override name = 'UsageError';
}

const option = (flags: string, description: string): Option => {
  const built = new Option(flags, description);
  return built.env(
    `WHEELHOUSE_${built
      .attributeName()
      .replace(/[A-Z]/g, (letter) => `_${letter}`)
      .toUpperCase()}`,
  );
};

/** Reads the command line and `WHEELHOUSE_*`. Throws {@link UsageError}. */
export function parseAgentConfig(argv: readonly string[]): AgentConfig {
  const command = new Command('wheelhouse agent')
    .description('Runs pods on this machine for a Wheelhouse cluster.')
    .addOption(
      option('--server <url>', 'address of the API, e.g. https://10.0.0.1:6443').makeOptionMandatory(),
    )
    .addOption(
      option('--token <token>', 'join token (visible to others of this machine: prefer --token-file)'),
    )
    .addOption(option('--token-file <file>', 'file that holds the join token'))
    .addOption(option('--node-name <name>', 'name of the node').default(hostname().toLowerCase()))
    .addOption(
      option('--nodes <count>', 'number of nodes in this process (simulated runtime only)').default('1'),
    )
    .addOption(
      option(
        '--node-ip <address>',
        "the node's own address; loopback keeps node ports to this machine",
      ).default('127.0.0.1'),
    )
    .addOption(
      option(
        '--claim-node-ip',
        "make the node's address one of this machine's own while the agent runs (takes CAP_NET_ADMIN)",
      ),
    )
    .addOption(
      option('--nodeport-addresses <list>', 'addresses on which node ports answer (default: the node IP)'),
    )
    .addOption(
      option('--data-dir <directory>', 'where the node keeps its credential and its pods').default(
        '.wheelhouse-agent',
      ),
    )
    .addOption(option('--runtime <name>', RUNTIMES.join('|')).default('auto'))
    .addOption(option('--proxy <name>', DATAPLANES.join('|')).default('userspace'))
    .addOption(option('--labels <list>', 'labels of the node: key=value,…').default(''))
    .addOption(option('--log-level <level>', 'debug|info|warn|error').default('info'))
    .parse([...argv], { from: 'user' });
  const given = command.opts<Record<string, string>>();
  if (!URL.canParse(given.server ?? '') || new URL(given.server ?? '').protocol !== 'https:') {
    throw new UsageError(`--server takes an https URL such as https://10.0.0.1:6443, not "${given.server}".`);
  }
  const count = Number(given.nodes);
  const runtime = choice('--runtime', given.runtime, RUNTIMES);
  if (!Number.isInteger(count) || count < 1)
    throw new UsageError(`--nodes takes a whole number, not "${given.nodes}".`);
  if (count > 1 && runtime !== 'simulated')
    throw new UsageError('--nodes needs --runtime simulated: start one agent per node.');
  const name = given.nodeName ?? '';
  const nodeIp = given.nodeIp ?? '127.0.0.1';
  return {
    server: new URL(given.server ?? ''),
    joinToken: given.token ?? (given.tokenFile ? readToken(given.tokenFile) : undefined),
    nodeNames: count === 1 ? [name] : numbered(name, count),
    nodeIp,
    claimsNodeIp: given.claimNodeIp !== undefined,
    nodePortAddresses: (given.nodeportAddresses ?? nodeIp).split(',').filter((address) => address !== ''),
    dataDir: resolve(given.dataDir ?? '.wheelhouse-agent'),
    runtime,
    dataplane: choice('--proxy', given.proxy, DATAPLANES),
    labels: parseLabels(given.labels ?? ''),
    logLevel: choice('--log-level', given.logLevel, ['debug', 'info', 'warn', 'error']),
  };
}

/** `node-1`, 3 → node-1, node-2, node-3; a name without a number gets one. */
function numbered(name: string, count: number): string[] {
  const stem = name.replace(/-?\d+$/, '');
  return Array.from({ length: count }, (_, index) => `${stem}-${index + 1}`);
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`--token-file ${file} cannot be read: ${(error as Error).message}`);
  }
}

function choice<T extends string>(flag: string, text: string | undefined, choices: readonly T[]): T {
  const found = choices.find((item) => item === text);
  if (found === undefined) throw new UsageError(`${flag} takes one of ${choices.join(', ')}, not "${text}".`);
  return found;
}

function parseLabels(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key, value, ...rest] = pair.split('=');
      if (!key || value === undefined || rest.length > 0)
        throw new UsageError(`--labels takes key=value,…, not "${pair}".`);
      return [key, value];
    }),
  );
}
