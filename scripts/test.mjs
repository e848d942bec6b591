// `npm test`: installs, provisions, checks, builds and runs every suite; ends with `N passed, N failed`.
// `npm test -- --project unit [path …]` runs a part; checks and provisioning happen all the same.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, checkNode, fail, generate, install, root } from './lib/prepare.mjs';
import { run, step } from './lib/run.mjs';
import { provision } from './provision.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);
const results = mkdtempSync(join(tmpdir(), 'wheelhouse-test-'));
const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', NEXT_TELEMETRY_DISABLED: '1' };

/** Runs one vitest project; counts its tests from the report. A crash without a report counts as one failure. */
async function suite(project, paths) {
  process.stdout.write(`\n${project} tests\n`);
  const report = join(results, `${project}.json`);
  const args = [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const code = await run(bin('vitest'), [...args, ...paths], { cwd: root, env });
  try {
    const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    // A file that cannot be loaded has no failed test of its own.
    const broken = testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length;
    const failed = numFailedTests + broken;
    return {
      passed: numPassedTests,
      failed: code !== 0 && failed === 0 ? 1 : failed,
      skipped: numPendingTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/** A check that passes or fails as one test. */
async function check(title, command, args) {
  try {
    await step(title, command, args, { cwd: root, env });
    return { passed: 1, failed: 0, skipped: 0 };
  } catch (error) {
    process.stdout.write(`${error.message}\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

const argv = process.argv.slice(2);
const chosen = argv[0] === '--project' ? [argv[1]] : ['unit', 'e2e'];
const paths = argv[0] === '--project' ? argv.slice(2) : argv;

try {
  checkNode();
  await install();
  await provision();
  await generate();
  await build();
} catch (error) {
  process.stdout.write(`${error.message}\n\n0 passed, 1 failed\n`);
  process.exit(1);
}
const counts = [
  await check('Checking style', bin('biome'), ['ci', '--max-diagnostics=30', '.']),
  await check('Checking types', bin('turbo'), ['run', 'typecheck', '--output-logs=errors-only']),
];
for (const project of chosen) counts.push(await suite(project, paths));
rmSync(results, { recursive: true, force: true });

const sum = (key) => counts.reduce((total, count) => total + count[key], 0);
const skipped = sum('skipped');
process.stdout.write(
  `\n${sum('passed')} passed, ${sum('failed')} failed${skipped ? `, ${skipped} skipped` : ''}\n`,
);
process.exitCode = sum('failed') === 0 ? 0 : 1;
if (sum('passed') === 0) fail(new Error('No test ran.'));
