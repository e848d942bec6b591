// Brings a checkout to the point where it can run: packages installed, programs built, both only when stale.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { step } from './run.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const at = (...parts) => join(root, ...parts);
const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Newest modification below the paths, built and installed things left out. */
function newest(paths) {
  const skip = new Set(['node_modules', 'dist', 'out', '.next', 'generated', '.turbo']);
  let latest = 0;
  const visit = (path) => {
    const info = statSync(path, { throwIfNoEntry: false });
    if (!info) return;
    if (!info.isDirectory()) {
      if (!path.endsWith('.tsbuildinfo') && !path.endsWith('next-env.d.ts'))
        latest = Math.max(latest, info.mtimeMs);
      return;
    }
    for (const name of readdirSync(path)) if (!skip.has(name)) visit(join(path, name));
  };
  for (const path of paths) visit(path);
  return latest;
}

const [major, minor] = process.versions.node.split('.').map(Number);

export function checkNode() {
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(
    `Wheelhouse needs Node 20.19 or newer; this is ${process.version}. Install a newer one: https://nodejs.org`,
  );
}

export async function install() {
  const installed = at('node_modules', '.package-lock.json');
  if (existsSync(installed) && modified(installed) >= modified(at('package-lock.json'))) return;
  await step('Installing packages', 'npm', ['ci', '--no-audit', '--no-fund'], { cwd: root });
}

const programs = {
  server: { output: at('apps/server/dist/main.mjs'), sources: ['apps/server', 'packages/shared', 'prisma'] },
  'node-agent': {
    output: at('apps/node-agent/dist/main.mjs'),
    sources: ['apps/node-agent', 'packages/shared'],
  },
  web: { output: at('apps/web/out/index.html'), sources: ['apps/web', 'packages/shared'] },
};

/** Code that is derived from other packages' types and schemas; each generator knows when it has nothing to do. */
export async function generate() {
  await step('Generating code', at('node_modules/.bin/turbo'), ['run', 'generate'], {
    cwd: root,
    env: quiet,
  });
}

const quiet = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', NEXT_TELEMETRY_DISABLED: '1' };

/** Builds the named programs (default: all) whose sources are newer than their output. */
export async function build(names = Object.keys(programs)) {
  // For whoever has built already and does not want a source file that was just touched to cost a minute.
  if (process.env.WHEELHOUSE_NO_BUILD === 'true') return;
  const stale = names.filter((name) => {
    const { output, sources } = programs[name];
    return modified(output) < newest([...sources.map((source) => at(source)), at('package-lock.json')]);
  });
  if (stale.length === 0) return;
  const filters = stale.flatMap((name) => ['--filter', `@wheelhouse/${name}`]);
  await step(`Building ${stale.join(', ')}`, at('node_modules/.bin/turbo'), ['run', 'build', ...filters], {
    cwd: root,
    env: quiet,
  });
}

/** Prints an error as one message, without a stack, and exits with code 1. */
export function fail(error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
