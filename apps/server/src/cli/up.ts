import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import { type Node, nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { Command } from 'commander';
import { openDataDirectory } from '../cluster/data-directory';
import { checkPort } from '../cluster/preflight';
import { type RunningServer, startServer, webDirectoryBeside } from '../cluster/start-server';
import type { Component, Logger } from '../component';
import { probeDocker } from '../up/docker-probe';
import { type LocalAgents, startLocalAgents } from '../up/local-agents';
import { newRanges } from '../up/new-ranges';
import { chooseRuntime, mayAdministerNetwork, RUNTIMES } from '../up/runtime-choice';
import { createSampleApplication, sampleNodePort } from '../up/sample-application';
import { Terminal } from '../up/terminal';
import { option, parseChoice, parseCount } from './options';
import { addServerFlags, openLog, type ServerFlags, serverConfig } from './server-options';
import { untilInterrupted } from './signals';

/** A local cluster notices a lost node sooner than one whose network may stutter. */
const LOCAL_DEFAULTS = { nodeMonitorGrace: 20, defaultToleration: 20 };
/** How long the first block waits for nodes before it says so and goes on, in ms. */
const NODES_READY_MS = 90_000;

interface UpFlags extends ServerFlags {
  readonly nodes: string;
  readonly runtime: string;
  readonly proxy: string;
  readonly demo: boolean;
}

/** `npm start`: the whole cluster on this machine. */
export function upCommand(): Command {
  return addServerFlags(new Command('up'), LOCAL_DEFAULTS)
    .description('Start a whole cluster on this machine: server, local nodes and console.')
    .addOption(option('--nodes <count>', 'number of local nodes').default('3'))
    .addOption(option('--runtime <name>', `auto, ${RUNTIMES.join(', ')}`).default('auto'))
    .addOption(option('--proxy <name>', 'userspace or nftables').default('userspace'))
    .addOption(option('--no-demo', 'leave the sample application out'))
    .action(async (flags: UpFlags) => up(flags));
}

async function up(flags: UpFlags): Promise<void> {
  const terminal = new Terminal();
  const settings = serverConfig(flags);
  const nodes = parseCount('--nodes', flags.nodes, { min: 0, max: 5_000 });
  const proxy = parseChoice('--proxy', flags.proxy, ['userspace', 'nftables']);
  const wanted = parseChoice('--runtime', flags.runtime, ['auto', ...RUNTIMES]);
  const choice = chooseRuntime(wanted, {
    docker: await probeDocker(),
    mayAdministerNetwork: mayAdministerNetwork(),
  });
  await checkPort('API', '--api-port', settings.apiHost, settings.apiPort);
  await checkPort('console', '--console-port', settings.consoleHost, settings.consolePort);
  const data = await openDataDirectory(settings.dataDir, () => newRanges(choice.addresses));
  const log = openLog(settings.dataDir, settings.logLevel);
  if (choice.note) terminal.note(choice.note);

  let server: RunningServer | undefined;
  let agents: LocalAgents | undefined;
  try {
    const programs = dirname(fileURLToPath(import.meta.url));
    server = await startServer({
      config: { ...settings, electsLeader: false, log },
      identity: data.identity,
      webDirectory: webDirectoryBeside(programs),
      onStep: (text) => terminal.step(text),
    });
    const { admin, apiUrl, console } = server;
    if (!admin || !console) throw new Error('the API and the console did not start');
    agents = startLocalAgents({
      dataDir: settings.dataDir,
      program: join(programs, '../../node-agent/dist/main.mjs'),
      apiUrl,
      joinTokenFile: join(settings.dataDir, 'join-token'),
      count: nodes,
      runtime: choice.runtime,
      proxy,
      podRange: data.identity.ranges.pods,
      log,
    });
    const interrupted = untilInterrupted();
    const ready = await Promise.race([
      nodesReady(server, agents.nodeNames, log),
      interrupted.then(() => undefined),
    ]);
    if (ready !== undefined) {
      // After the nodes, so that the first pods spread over all of them.
      if (data.isNew && flags.demo) await createSampleApplication(admin);
      if (ready < nodes) {
        terminal.note(`${nodes - ready} of ${nodes} nodes are not ready yet; see ${settings.dataDir}/logs`);
      }
      terminal.step(`${ready} ${choice.runtime} ${ready === 1 ? 'node is' : 'nodes are'} ready`);
      const port = await sampleNodePort(admin);
      terminal.ready([
        ['Console', console.signInUrl()],
        ...(port ? [['Sample app', `http://127.0.0.1:${port}`] as const] : []),
        ['kubectl', `export KUBECONFIG=${join(settings.dataDir, 'kubeconfig')}`],
        ['Stop', 'Ctrl-C (everything is kept for the next start)'],
      ]);
    }
    await interrupted;
    terminal.step('stopping: containers first, then the control plane');
  } finally {
    await stopAll([agents, server], log);
    data.release();
  }
}

async function stopAll(parts: readonly (Component | undefined)[], log: Logger): Promise<void> {
  for (const part of parts) {
    await part?.stop().catch((error: unknown) => log.error({ err: error }, 'did not stop cleanly'));
  }
}

const isReady = (node: Node | undefined): boolean =>
  node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/**
 * Resolves with how many of the nodes are ready: all of them, or fewer when it takes too long. After a restart a node
 * still shows what it was before, so its agent has to be there too.
 */
async function nodesReady(server: RunningServer, names: readonly string[], log: Logger): Promise<number> {
  const { admin } = server;
  if (!admin || names.length === 0) return 0;
  const onError = (error: unknown) => log.warn({ err: error }, 'reading nodes');
  const informer = createInformer(admin, nodeKind, { onError });
  const count = () =>
    names.filter((name) => server.isNodeConnected(name) && isReady(informer.get(name))).length;
  try {
    await new Promise<void>((resolve) => {
      const check = () => {
        if (count() === names.length) resolve();
      };
      setTimeout(resolve, NODES_READY_MS).unref();
      // Agents report their node's status right after they connect, which is what this waits for.
      informer.subscribe({ added: check, updated: check });
      informer.start();
      informer.synced().then(check, onError);
    });
    return count();
  } finally {
    informer.stop();
  }
}
