import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { oneByOne, sideBySide } from './catalog';
import { notCovered } from './not-covered';

/** The names under which the areas register their tests; here nothing runs. */
const registered = vi.hoisted((): string[] => []);

vi.mock('./support/suite', () => ({
  conformance: (name: string) => {
    registered.push(name);
  },
  conformances: (cases: Record<string, unknown>) => {
    registered.push(...Object.keys(cases));
  },
}));

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** `[k8s.io] [sig-node] …` and `[sig-node] …` alike. */
const areaOf = (name: string) => /^(?:\[k8s\.io\] )?(\[sig-[a-z-]+\])/.exec(name)?.[1] ?? '[k8s.io]';

function pageOf(names: readonly string[], covered: ReadonlySet<string>): string {
  const row = (area: string, of: readonly string[]) =>
    `| ${area} | ${of.filter((name) => covered.has(name)).length} | ${of.length} |`;
  const areas = [...new Set(names.map(areaOf))].sort();
  const missing = names.filter((name) => !covered.has(name));
  const lines = [
    '# Conformance',
    '',
    'Which behaviours of the public conformance suite of Kubernetes have a test of our own, under the same name, in `e2e/conformance`; all names are in `e2e/conformance/names.txt`. Generated: `npm test -- --project e2e e2e/conformance/page.test.ts -u`.',
    '',
    '| area | covered | of |',
    '| --- | ---: | ---: |',
    ...areas.map((area) =>
      row(
        area,
        names.filter((name) => areaOf(name) === area),
      ),
    ),
    row('all', names),
  ];
  if (missing.length)
    lines.push(
      '',
      '## Not covered',
      '',
      '| test | why |',
      '| --- | --- |',
      ...missing.map((name) => `| ${name} | ${notCovered[name] ?? 'not written yet'} |`),
    );
  return `${lines.join('\n')}\n`;
}

it('docs/conformance.md and the suite agree', async () => {
  for (const area of [...sideBySide, ...oneByOne]) area();
  const names = (await readFile(file('names.txt'), 'utf8')).trim().split('\n');
  expect(registered.filter((name, index) => registered.indexOf(name) !== index)).toEqual([]);
  expect(registered.filter((name) => !names.includes(name))).toEqual([]);
  const reasons = Object.keys(notCovered);
  expect(reasons.filter((name) => registered.includes(name) || !names.includes(name))).toEqual([]);
  await expect(pageOf(names, new Set(registered))).toMatchFileSnapshot(file('../../docs/conformance.md'));
});
