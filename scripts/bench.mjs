// `npm run bench -- [name …]`: bundles and runs e2e/bench/<name>.ts, one after the other; default: all of them.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, checkNode, fail, generate, install, root } from './lib/prepare.mjs';
import { run } from './lib/run.mjs';
import { provision } from './provision.mjs';

try {
  checkNode();
  await install();
  await provision();
  await generate();
  await build();
  const directory = join(root, 'e2e', 'bench');
  const all = readdirSync(directory)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -3));
  const names = process.argv.length > 2 ? process.argv.slice(2) : all;
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0)
    throw new Error(`No benchmark ${unknown.join(', ')}; there are: ${all.join(', ')}.`);
  const { build: bundle } = await import('esbuild');
  const output = mkdtempSync(join(root, 'node_modules', '.bench-'));
  try {
    for (const name of names) {
      const outfile = join(output, `${name}.mjs`);
      await bundle({
        entryPoints: [join(directory, `${name}.ts`)],
        outfile,
        bundle: true,
        platform: 'node',
        format: 'esm',
        packages: 'external',
        alias: { '@wheelhouse/shared': join(root, 'packages/shared/src') },
      });
      process.stdout.write(`\n${name}\n`);
      const code = await run(process.execPath, [outfile], { cwd: root });
      if (code !== 0) throw new Error(`${name} ended with code ${code}.`);
    }
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
} catch (error) {
  fail(error);
}
