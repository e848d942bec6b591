import pino from 'pino';
import { parseAgentConfig, UsageError } from './program/options';
import { type RunningNode, runNode } from './program/run-node';

/**
 * The node agent's program. Ctrl-C and SIGTERM end the agent and leave the containers to the next one; only the
 * `stop` message of `npm start`, whose child it then is, stops them. When that parent dies, the agent ends as well.
 */
async function main(): Promise<void> {
  const config = parseAgentConfig(process.argv.slice(2));
  const log = pino({ level: config.logLevel, base: undefined, timestamp: pino.stdTimeFunctions.isoTime });
  const nodes: RunningNode[] = [];
  let starting: Promise<void> = Promise.resolve();
  let stopping: Promise<void> | undefined;
  const stop = (options: { readonly pods: boolean }): Promise<void> => {
    stopping ??= (async () => {
      // Containers can only be stopped by nodes that know them; without that, nothing is worth waiting for.
      if (options.pods) await starting;
      await Promise.all(nodes.map((node) => node.stop(options)));
    })();
    return stopping;
  };
  const leave = (options: { readonly pods: boolean }) => {
    stop(options).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the agent did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', () => leave({ pods: false }));
  process.on('SIGTERM', () => leave({ pods: false }));
  process.on('message', (message: { type?: string; pods?: boolean }) => {
    if (message?.type === 'stop') leave({ pods: message.pods ?? false });
  });
  process.on('disconnect', () => {
    if (stopping) return;
    log.warn('the cluster that started this agent is gone; containers are left running');
    process.exit(0);
  });
  starting = (async () => {
    for (const name of config.nodeNames) nodes.push(await runNode(config, name, log.child({ node: name })));
  })();
  await starting;
}

main().catch((error: unknown) => {
  const known = error instanceof UsageError;
  const text =
    error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
});
