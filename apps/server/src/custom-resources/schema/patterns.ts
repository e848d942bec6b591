import { RE2JS } from '@bufbuild/re2';

const compiled = new Map<string, RE2JS>();
const MOST_KEPT = 2000;

/**
 * A regular expression as Go's regexp package takes it: linear in the text's length, without look-around and
 * back-references. Throws an Error that says what is wrong with the pattern.
 */
export function compilePattern(pattern: string): { test(text: string): boolean } {
  let known = compiled.get(pattern);
  if (!known) {
    known = RE2JS.compile(pattern);
    if (compiled.size >= MOST_KEPT) compiled.clear();
    compiled.set(pattern, known);
  }
  return known;
}
