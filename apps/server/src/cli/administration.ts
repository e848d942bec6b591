import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { formatJoinToken, parseJoinToken } from '@wheelhouse/shared/agent/join-token';
import { systemClock } from '@wheelhouse/shared/clock';
import { isUnavailable } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { Command } from 'commander';
import { createBootstrapTokens } from '../auth/bootstrap-tokens';
import { openRemoteClient, type RemoteClient } from '../cluster/remote-client';
import { StartupError } from '../startup-error';
import { option, parseCount } from './options';

interface Flags {
  readonly dataDir: string;
}

const dataDirOption = () =>
  option('--data-dir <directory>', 'data directory of the cluster').default('.wheelhouse');

/** Opens the running cluster of a data directory with the administrator's kubeconfig. */
async function withCluster<T>(flags: Flags, act: (cluster: RemoteClient) => Promise<T>): Promise<T> {
  const cluster = await openRemoteClient(join(resolve(flags.dataDir), 'kubeconfig'));
  try {
    return await act(cluster);
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    throw new StartupError(
      `No API answers on ${cluster.server}. Is the cluster of ${flags.dataDir} running?`,
    );
  } finally {
    await cluster.close();
  }
}

async function readContractFile(flags: Flags, name: string): Promise<string> {
  const path = join(resolve(flags.dataDir), name);
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new StartupError(
      `${path} cannot be read: ${(error as Error).message}. Has a cluster been started there?`,
    );
  }
}

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** `wheelhouse token create|list|delete`: what lets further machines join. */
export function tokenCommand(): Command {
  const token = new Command('token').description('Make, list and delete join tokens.');
  token
    .command('create')
    .description('make a token and print it')
    .addOption(dataDirOption())
    .addOption(option('--ttl <seconds>', 'how long it lets machines join (0: for ever)').default('86400'))
    .addOption(option('--description <text>', 'what it is for'))
    .addOption(option('--allow-replace', 'lets a machine take over the name of a registered node'))
    .action(async (flags: Flags & { ttl: string; description?: string; allowReplace?: boolean }) => {
      const ttlSeconds = parseCount('--ttl', flags.ttl, { min: 0, max: 315_360_000 });
      const pinned = parseJoinToken(await readContractFile(flags, 'join-token'));
      if (!pinned)
        throw new StartupError(
          `The file join-token in ${flags.dataDir} is damaged; the next start renews it.`,
        );
      await withCluster(flags, async ({ client }) => {
        const made = await createBootstrapTokens(client, systemClock).create({
          ...(ttlSeconds > 0 ? { ttlSeconds } : {}),
          ...(flags.description ? { description: flags.description } : {}),
          ...(flags.allowReplace ? { allowReplace: true } : {}),
        });
        say(formatJoinToken({ caFingerprint: pinned.caFingerprint, id: made.id, secret: made.secret }));
      });
    });
  token
    .command('list')
    .description('list the tokens (never their secrets)')
    .addOption(dataDirOption())
    .action((flags: Flags) =>
      withCluster(flags, async ({ client }) => {
        const tokens = await createBootstrapTokens(client, systemClock).list();
        table(
          ['ID', 'EXPIRES', 'REPLACES', 'DESCRIPTION'],
          tokens.map(({ id, expires, allowReplace, description }) => [
            id,
            expires?.toISOString() ?? 'never',
            allowReplace ? 'yes' : 'no',
            description ?? '',
          ]),
        );
      }),
    );
  token
    .command('delete <id>')
    .description('delete a token by its id')
    .addOption(dataDirOption())
    .action((id: string, flags: Flags) =>
      withCluster(flags, async ({ client }) => {
        await createBootstrapTokens(client, systemClock).delete(id);
        say(`deleted ${id}`);
      }),
    );
  return token;
}

/** `wheelhouse kubeconfig`: the administrator's kubeconfig on standard output. */
export function kubeconfigCommand(): Command {
  return new Command('kubeconfig')
    .description("Print the administrator's kubeconfig.")
    .addOption(dataDirOption())
    .action(async (flags: Flags) => say(await readContractFile(flags, 'kubeconfig')));
}

/** `wheelhouse console-url`: a sign-in link that works now. */
export function consoleUrlCommand(): Command {
  return new Command('console-url')
    .description('Print a sign-in link for the console.')
    .addOption(dataDirOption())
    .action(async (flags: Flags) => say(await readContractFile(flags, 'console-url')));
}

/** `wheelhouse status`: nodes and pods at a glance; exit code 1 when a node is not ready. */
export function statusCommand(): Command {
  return new Command('status')
    .description('Show whether the cluster is well.')
    .addOption(dataDirOption())
    .action((flags: Flags) =>
      withCluster(flags, async ({ client, server }) => {
        const [nodes, pods] = await Promise.all([client.list(nodeKind), client.list(podKind)]);
        say(`API ${server} answers`);
        const rows = nodes.items.map((node) => {
          const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
          const own = pods.items.filter((pod) => pod.spec?.nodeName === node.metadata.name);
          const running = own.filter((pod) => pod.status?.phase === 'Running').length;
          return [
            node.metadata.name,
            ready ? 'Ready' : 'NotReady',
            `${running} of ${own.length} pods running`,
          ];
        });
        table(['NODE', 'STATUS', 'PODS'], rows);
        const waiting = pods.items.filter((pod) => !pod.spec?.nodeName).length;
        if (waiting > 0) say(`${waiting} pods wait for a node`);
        if (rows.some(([, status]) => status !== 'Ready')) process.exitCode = 1;
      }),
    );
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  for (const row of [header, ...rows])
    say(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    );
}
