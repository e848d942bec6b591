import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { openDataDirectory } from '../cluster/data-directory';
import { checkPort } from '../cluster/preflight';
import { startServer, webDirectoryBeside } from '../cluster/start-server';
import { newRanges } from '../up/new-ranges';
import { mayAdministerNetwork } from '../up/runtime-choice';
import { Terminal } from '../up/terminal';
import { option } from './options';
import { addServerFlags, openLog, type ServerFlags, serverConfig } from './server-options';
import { untilInterrupted } from './signals';

/** Kubernetes' own defaults: a network between machines may stutter. */
const CLUSTER_DEFAULTS = { nodeMonitorGrace: 40, defaultToleration: 300 };

interface Flags extends ServerFlags {
  readonly components: string;
  readonly kubeconfig?: string;
}

/** `wheelhouse server`: the control plane alone, or some of its components. */
export function serverCommand(): Command {
  return addServerFlags(new Command('server'), CLUSTER_DEFAULTS)
    .description('Run the control plane, or some of its components.')
    .addOption(option('--components <list>', 'which run here').default('api,scheduler,controllers,console'))
    .addOption(option('--kubeconfig <file>', 'where the API is, for components that run without it'))
    .action(async (flags: Flags) => {
      const terminal = new Terminal();
      const settings = serverConfig(flags, flags);
      if (settings.components.has('api'))
        await checkPort('API', '--api-port', settings.apiHost, settings.apiPort);
      if (settings.components.has('console')) {
        await checkPort('console', '--console-port', settings.consoleHost, settings.consolePort);
      }
      const data = await openDataDirectory(settings.dataDir, () =>
        newRanges(mayAdministerNetwork() ? 'routed' : 'loopback'),
      );
      const log = openLog(settings.dataDir, settings.logLevel);
      try {
        const server = await startServer({
          // Nobody else can have an embedded store; an etcd may have several servers, and so several controllers.
          config: {
            ...settings,
            electsLeader: settings.store.kind === 'etcd' || !settings.components.has('api'),
            log,
          },
          identity: data.identity,
          webDirectory: webDirectoryBeside(dirname(fileURLToPath(import.meta.url))),
          onStep: (text) => terminal.step(text),
        });
        try {
          const interrupted = untilInterrupted();
          terminal.ready([
            ['API', server.apiUrl],
            ['Components', [...settings.components].join(', ')],
            ...(server.console ? [['Console', server.console.signInUrl()] as const] : []),
          ]);
          await interrupted;
        } finally {
          await server.stop();
        }
      } finally {
        data.release();
      }
    });
}
