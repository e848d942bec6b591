import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

/**
 * Runs each case of `<name>.input.yaml` and compares with the answer of the same name in `<name>.output.yaml`. Both
 * are read from beside the test (`import.meta.url`). What differs is shown; nothing is written.
 */
export function goldenCases<I>(base: string, name: string, run: (input: I) => unknown): void {
  const read = (part: string): Record<string, unknown> =>
    parse(readFileSync(new URL(`./${name}.${part}.yaml`, base), 'utf8'));
  const inputs = read('input');
  const outputs = read('output');
  for (const [title, input] of Object.entries(inputs)) {
    it(title, () => {
      // The cases are written for this function's input.
      const answer = run(input as I);
      expect(JSON.parse(JSON.stringify(answer ?? null))).toEqual(outputs[title]);
    });
  }
  it('has an answer for every case and a case for every answer', () => {
    expect(Object.keys(outputs)).toEqual(Object.keys(inputs));
  });
}
