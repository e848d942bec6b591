// Generates what the audit's code imports and git does not hold: the Prisma client, and the migrations as a module
// (so that a bundled server carries them). Does nothing, in a few milliseconds, when it is up to date.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const output = join(root, 'apps/server/src/audit/generated');
const stamp = join(output, '.stamp');
const require = createRequire(import.meta.url);
const prismaPackage = require.resolve('prisma/package.json');

const migrations = readdirSync(join(root, 'prisma/migrations'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({
    name,
    sql: readFileSync(join(root, 'prisma/migrations', name, 'migration.sql'), 'utf8'),
  }))
  .sort((a, b) => (a.name < b.name ? -1 : 1));

const inputs = [
  fileURLToPath(import.meta.url),
  join(root, 'prisma/schema.prisma'),
  join(root, 'prisma.config.ts'),
  prismaPackage,
].map((file) => readFileSync(file, 'utf8'));
const wanted = createHash('sha256')
  .update(JSON.stringify([inputs, migrations]))
  .digest('hex');

if (readStamp() !== wanted) {
  const prisma = join(dirname(prismaPackage), 'build/index.js');
  const run = spawnSync(process.execPath, [prisma, 'generate'], {
    cwd: root,
    encoding: 'utf8',
    env: {
      ...process.env,
      // Generating needs no engine; naming an existing program keeps Prisma from fetching one.
      PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  });
  if (run.status !== 0) {
    process.stderr.write(`${run.stdout}${run.stderr}`);
    process.exit(1);
  }
  mkdirSync(output, { recursive: true });
  writeFileSync(
    join(output, 'migrations.ts'),
    `/** Generated out of prisma/migrations. In the order in which they are applied. */\nexport const migrations: readonly { readonly name: string; readonly sql: string }[] = ${JSON.stringify(migrations, null, 2)};\n`,
  );
  writeFileSync(stamp, wanted);
}

function readStamp() {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return undefined;
  }
}
