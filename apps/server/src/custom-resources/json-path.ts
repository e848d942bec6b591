import { isObject } from '@wheelhouse/shared/meta/json';

/** Reads all values that a path leads to, out of one object. */
export type JsonPath = (root: unknown) => unknown[];

type Step = (values: unknown[]) => unknown[];

/**
 * Compiles the paths that printed columns and selectable fields use, kubectl's dialect without filters by more than
 * equality: `.spec.a`, `['b.c']`, `[0]`, `[-1]`, `[*]`, `[1:3]`, `..name`, `[?(@.type=="Ready")].status`.
 * Throws an Error for a path that is none.
 */
export function compileJsonPath(path: string): JsonPath {
  const steps: Step[] = [];
  let at = 0;
  while (at < path.length) {
    const rest = path.slice(at);
    const match =
      /^\.\.(?:([\w$-]+)|\*)/.exec(rest) ??
      /^\.(\*|(?:[^.[\]\s\\]|\\.)+)/.exec(rest) ??
      /^\[\?\(\s*@((?:\.[\w-]+)+)\s*(==|!=|>=|<=|>|<)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\w.-]+)\s*\)\]/.exec(
        rest,
      ) ??
      /^\[(\*|-?\d*(?::-?\d*){0,2}|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\]/.exec(rest);
    if (!match) {
      if (rest === '.') break;
      throw new Error(`unrecognized character in a JSON path at ${JSON.stringify(rest.slice(0, 20))}`);
    }
    steps.push(stepOf(match));
    at += match[0].length;
  }
  return (root) => {
    let values: unknown[] = [root];
    for (const step of steps) {
      values = step(values);
      if (values.length === 0) return values;
    }
    return values;
  };
}

function stepOf(match: RegExpExecArray): Step {
  const [text, first = '', operator = '', literal = ''] = match;
  if (text.startsWith('..')) return (values) => values.flatMap((value) => below(value, first));
  if (text.startsWith('[?')) return filter(first.slice(1).split('.'), operator, literalOf(literal));
  if (first === '*') return (values) => values.flatMap(children);
  if (text.startsWith('.')) return field(first.replace(/\\(.)/g, '$1'));
  if (/^['"]/.test(first)) return field(first.slice(1, -1).replace(/\\(.)/g, '$1'));
  return slice(first);
}

function field(name: string): Step {
  return (values) =>
    values.flatMap((value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name]] : []));
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function below(value: unknown, name: string): unknown[] {
  const found = isObject(value) && Object.hasOwn(value, name) ? [value[name]] : [];
  return [...found, ...children(value).flatMap((child) => below(child, name))];
}

function slice(text: string): Step {
  const parts = text.split(':');
  const [from, to, by] = parts.map((part) => (part === '' ? undefined : Number(part)));
  return (values) =>
    values.flatMap((value) => {
      if (!Array.isArray(value)) return [];
      if (parts.length === 1) {
        const element: unknown = from === undefined ? undefined : value.at(from);
        return element === undefined ? [] : [element];
      }
      const step = by ?? 1;
      return step < 1 ? [] : value.slice(from, to).filter((_element, i) => i % step === 0);
    });
}

function filter(names: readonly string[], operator: string, wanted: unknown): Step {
  const holds = (value: unknown): boolean => {
    if (operator === '==') return value === wanted;
    if (operator === '!=') return value !== wanted;
    if (typeof value !== typeof wanted || (typeof value !== 'number' && typeof value !== 'string'))
      return false;
    // Both have the same type here, which the compiler cannot see.
    const other = wanted as typeof value;
    switch (operator) {
      case '<':
        return value < other;
      case '<=':
        return value <= other;
      case '>':
        return value > other;
      default:
        return value >= other;
    }
  };
  return (values) =>
    values.flatMap((value) =>
      children(value).filter((element) => {
        let at: unknown = element;
        for (const name of names) at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
        return holds(at);
      }),
    );
}

function literalOf(literal: string): unknown {
  if (/^['"]/.test(literal)) return literal.slice(1, -1).replace(/\\(.)/g, '$1');
  if (literal === 'true' || literal === 'false') return literal === 'true';
  const number = Number(literal);
  return Number.isNaN(number) ? literal : number;
}
