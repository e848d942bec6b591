import { badRequest } from '../errors';
import { type FieldError, forbidden, invalidValue, required } from './field-error';
import { labelValue, qualifiedName } from './names';
import type { LabelSelector } from './object';

export type Labels = Readonly<Record<string, string>>;

export type LabelOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
  /** Written as `=` or `!=`, not as a set of one. */
  readonly exact?: boolean;
}

/** A compiled label query: all requirements must hold. An empty one matches everything. */
export interface Selector {
  readonly requirements: readonly LabelRequirement[];
  readonly isEmpty: boolean;
  matches(labels: Labels | undefined): boolean;
  /** In the syntax of `?labelSelector=`, requirements sorted by key: equal selectors have equal texts. */
  toString(): string;
}

const NO_LABELS: Labels = {};

/** Compiles requirements that are known to be valid. */
export function selectorOf(requirements: readonly LabelRequirement[]): Selector {
  const tests = requirements.map(testOf);
  return {
    requirements,
    isEmpty: requirements.length === 0,
    matches(labels = NO_LABELS) {
      for (const test of tests) if (!test(labels)) return false;
      return true;
    },
    toString: () =>
      [...requirements]
        .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
        .map(requirementText)
        .join(','),
  };
}

export const everything: Selector = selectorOf([]);
/** What a null selector means: nothing matches. */
export const nothing: Selector = {
  requirements: [],
  isEmpty: false,
  matches: () => false,
  toString: () => '',
};

/** Selects objects that carry all of these labels: services, replication controllers, node selectors. */
export function selectorFromLabels(labels: Labels | undefined): Selector {
  return selectorOf(
    Object.entries(labels ?? {}).map(([key, value]) => ({
      key,
      operator: 'In',
      values: [value],
      exact: true,
    })),
  );
}

/**
 * Compiles the selector of an object's spec. Undefined matches nothing, an empty one everything, as in
 * Kubernetes. Throws BadRequest for operators that do not exist.
 */
export function selectorFromLabelSelector(selector: LabelSelector | undefined | null): Selector {
  if (!selector) return nothing;
  const requirements: LabelRequirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [value],
    exact: true,
  }));
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist') {
      throw badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`);
    }
    requirements.push({ key, operator, values: values ?? [] });
  }
  return selectorOf(requirements);
}

/** Checks a LabelSelector of an object's spec. */
export function validateLabelSelector(selector: LabelSelector | undefined, field: string): FieldError[] {
  const errors = validateLabels(selector?.matchLabels, `${field}.matchLabels`);
  selector?.matchExpressions?.forEach((expression, i) => {
    const path = `${field}.matchExpressions[${i}]`;
    const count = expression.values?.length ?? 0;
    switch (expression.operator) {
      case 'In':
      case 'NotIn':
        if (count === 0) {
          errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (count > 0) {
          errors.push(
            forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
          );
        }
        break;
      default:
        errors.push(invalidValue(`${path}.operator`, expression.operator, 'not a valid selector operator'));
    }
    for (const text of qualifiedName(expression.key ?? ''))
      errors.push(invalidValue(`${path}.key`, expression.key, text));
    expression.values?.forEach((value, j) => {
      for (const text of labelValue(value)) errors.push(invalidValue(`${path}.values[${j}]`, value, text));
    });
  });
  return errors;
}

/** Checks keys and values of a label map. */
export function validateLabels(labels: Labels | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!labels) return errors;
  for (const key of Object.keys(labels)) {
    // Nobody reads more, and there may be very many.
    if (errors.length > 100) return errors;
    for (const text of qualifiedName(key)) errors.push(invalidValue(field, key, text));
    const value = labels[key] ?? '';
    for (const text of labelValue(value)) errors.push(invalidValue(field, value, text));
  }
  return errors;
}

/**
 * Parses `?labelSelector=`: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`.
 * Throws BadRequest in Kubernetes' words.
 */
export function parseLabelSelector(text: string): Selector {
  return text.trim() === '' ? everything : selectorOf(new Parser(text).parse());
}

type Token = { readonly kind: 'end' | 'identifier' | 'symbol'; readonly text: string };

const SYMBOLS = ['!=', '==', '=', '!', '(', ')', ',', '<', '>'];
const SPECIAL = new Set('=!(),<>');
const SPACE = new Set(' \t\r\n');

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  while (i < text.length) {
    const character = text.charAt(i);
    if (SPACE.has(character)) {
      i++;
    } else if (SPECIAL.has(character)) {
      const symbol = SYMBOLS.find((candidate) => text.startsWith(candidate, i)) ?? character;
      tokens.push({ kind: 'symbol', text: symbol });
      i += symbol.length;
    } else {
      let end = i;
      while (end < text.length && !SPECIAL.has(text.charAt(end)) && !SPACE.has(text.charAt(end))) end++;
      tokens.push({ kind: 'identifier', text: text.slice(i, end) });
      i = end;
    }
  }
  return tokens;
}

const END: Token = { kind: 'end', text: '' };

class Parser {
  readonly #tokens: Token[];
  #position = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'end' && requirements.length === 0) return requirements;
      if (token.kind !== 'identifier' && token.text !== '!') {
        throw badRequest(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#requirement());
      const next = this.#next();
      if (next.kind === 'end') return requirements;
      if (next.text !== ',') throw badRequest(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (after.kind !== 'identifier' && after.text !== '!') {
        throw badRequest(`found '${after.text}', expected: identifier after ','`);
      }
    }
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? END;
  }

  #next(): Token {
    const token = this.#peek();
    this.#position++;
    return token;
  }

  #requirement(): LabelRequirement {
    let absent = false;
    if (this.#peek().text === '!') {
      absent = true;
      this.#next();
    }
    const key = this.#next();
    if (key.kind !== 'identifier') fail(`found '${key.text}', expected: identifier`);
    check(qualifiedName(key.text), (text) => `invalid label key ${JSON.stringify(key.text)}: ${text}`);
    const following = this.#peek();
    if (absent || following.kind === 'end' || following.text === ',') {
      return { key: key.text, operator: absent ? 'DoesNotExist' : 'Exists', values: [] };
    }
    return this.#comparison(key.text);
  }

  #comparison(key: string): LabelRequirement {
    const operator = this.#next().text;
    switch (operator) {
      case 'in':
      case 'notin': {
        const values = this.#values();
        for (const value of values) checkValue(key, value);
        return { key, operator: operator === 'in' ? 'In' : 'NotIn', values };
      }
      case '=':
      case '==':
      case '!=': {
        const value = this.#exactValue();
        checkValue(key, value);
        return { key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value], exact: true };
      }
      case '>':
      case '<': {
        const value = this.#exactValue();
        if (!/^[+-]?\d+$/.test(value)) {
          fail(`for 'Gt', 'Lt' operators, the value must be an integer`);
        }
        checkValue(key, value);
        return { key, operator: operator === '>' ? 'Gt' : 'Lt', values: [value] };
      }
      default:
        return fail(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  /** `(a,b)`; an empty element is the empty value. */
  #values(): string[] {
    const open = this.#next();
    if (open.text !== '(') fail(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    let expectValue = true;
    for (;;) {
      const token = this.#next();
      if (token.kind === 'identifier') {
        if (!expectValue) fail(`found '${token.text}', expected: ',' or ')'`);
        values.add(token.text);
        expectValue = false;
      } else if (token.text === ',') {
        if (expectValue) values.add('');
        expectValue = true;
      } else if (token.text === ')') {
        if (expectValue) values.add('');
        return [...values].sort();
      } else {
        fail(`found '${token.text}', expected: ${expectValue ? "',', ')' or identifier" : "',' or ')'"}`);
      }
    }
  }

  #exactValue(): string {
    const token = this.#peek();
    if (token.kind === 'end' || token.text === ',') return '';
    this.#next();
    if (token.kind !== 'identifier') fail(`found '${token.text}', expected: identifier`);
    return token.text;
  }
}

function fail(why: string): never {
  throw badRequest(`unable to parse requirement: ${why}`);
}

function check(complaints: string[], word: (text: string) => string): void {
  if (complaints.length > 0) fail(word(complaints.join('; ')));
}

function checkValue(key: string, value: string): void {
  check(
    labelValue(value),
    (text) => `invalid label value: ${JSON.stringify(value)}: at key: ${JSON.stringify(key)}: ${text}`,
  );
}

function testOf({ key, operator, values }: LabelRequirement): (labels: Labels) => boolean {
  const has = (labels: Labels) => Object.hasOwn(labels, key);
  switch (operator) {
    case 'In': {
      if (values.length === 1) {
        const [only] = values;
        return (labels) => labels[key] === only && has(labels);
      }
      const set = new Set(values);
      return (labels) => has(labels) && set.has(labels[key] ?? '');
    }
    case 'NotIn': {
      const set = new Set(values);
      return (labels) => !has(labels) || !set.has(labels[key] ?? '');
    }
    case 'Exists':
      return has;
    case 'DoesNotExist':
      return (labels) => !has(labels);
    case 'Gt':
    case 'Lt': {
      const bound = BigInt(values[0] ?? '0');
      return (labels) => {
        const text = labels[key];
        if (!has(labels) || text === undefined || !/^[+-]?\d{1,19}$/.test(text)) return false;
        return operator === 'Gt' ? BigInt(text) > bound : BigInt(text) < bound;
      };
    }
  }
}

function requirementText({ key, operator, values, exact }: LabelRequirement): string {
  switch (operator) {
    case 'In':
      return exact ? `${key}=${values[0]}` : `${key} in (${[...values].sort().join(',')})`;
    case 'NotIn':
      return exact ? `${key}!=${values[0]}` : `${key} notin (${[...values].sort().join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'Gt':
      return `${key}>${values[0]}`;
    case 'Lt':
      return `${key}<${values[0]}`;
  }
}
