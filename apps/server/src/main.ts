import { Command } from 'commander';
import { consoleUrlCommand, kubeconfigCommand, statusCommand, tokenCommand } from './cli/administration';
import { serverCommand } from './cli/server';
import { upCommand } from './cli/up';

/** The server's programs, one per command; `scripts/wheelhouse.mjs` and `npm start` come here. */
const program = new Command('wheelhouse')
  .description('A container cluster manager that speaks the Kubernetes API.')
  .addCommand(upCommand())
  .addCommand(serverCommand())
  .addCommand(tokenCommand())
  .addCommand(kubeconfigCommand())
  .addCommand(consoleUrlCommand())
  .addCommand(statusCommand());

try {
  await program.parseAsync();
  // Pools and sockets of stopped parts may linger; everything that matters has been written.
  process.exit();
} catch (error) {
  process.stderr.write(`\n${explain(error)}\n`);
  process.exit(1);
}

/**
 * Reasons not to start are Errors whose message is one clear line. What JavaScript itself throws is a fault of this
 * program, and whoever reports it needs the stack.
 */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const fault = [TypeError, ReferenceError, RangeError, SyntaxError].some((kind) => error instanceof kind);
  return fault ? (error.stack ?? error.message) : error.message;
}
