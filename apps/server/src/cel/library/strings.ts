import { compilePattern } from '../../custom-resources/schema/patterns';
import type { Functions, Implementation } from '../functions';
import { CelError, type CelValue, isList, MapLike, numeric } from '../values';
import { toText } from './conversions';

/** Characters, as CEL counts them, are code points. */
const points = (text: string) => Array.from(text);

const ofText =
  (operation: (text: string) => CelValue): Implementation =>
  ([text]) =>
    typeof text === 'string' ? operation(text) : undefined;

const ofTexts =
  (operation: (text: string, other: string) => CelValue): Implementation =>
  ([text, other]) =>
    typeof text === 'string' && typeof other === 'string' ? operation(text, other) : undefined;

const matches: Implementation = ([text, pattern], budget) => {
  if (typeof text !== 'string' || typeof pattern !== 'string') return undefined;
  budget.spend(1 + (text.length * (1 + (pattern.length >> 2))) / 4);
  return patternOf(pattern).test(text);
};

function patternOf(pattern: string) {
  try {
    return compilePattern(pattern);
  } catch (error) {
    throw new CelError(`error parsing regexp: ${error instanceof Error ? error.message : ''}`);
  }
}

function positionOf(last: boolean): Implementation {
  return ([text, other, offset]) => {
    if (typeof text !== 'string' || typeof other !== 'string') return undefined;
    const at = offset === undefined ? undefined : numeric(offset);
    if (text === other && at === undefined) return 0n;
    const whole = points(text);
    if (at !== undefined && (at < 0 || at > whole.length)) throw new CelError(`index out of range: ${at}`);
    // Positions count code points; the search itself runs over the text.
    const from = at === undefined ? undefined : whole.slice(0, Number(at)).join('').length;
    const found = last ? text.lastIndexOf(other, from) : text.indexOf(other, from);
    return BigInt(found < 0 ? -1 : points(text.slice(0, found)).length);
  };
}

const substring: Implementation = ([text, start, end]) => {
  if (typeof text !== 'string' || typeof start !== 'bigint') return undefined;
  const whole = points(text);
  const to = typeof end === 'bigint' ? Number(end) : whole.length;
  if (start < 0n || Number(start) > whole.length || to < Number(start) || to > whole.length) {
    throw new CelError(`index out of range: ${start}`);
  }
  return whole.slice(Number(start), to).join('');
};

const replace: Implementation = ([text, from, to, limit], budget) => {
  if (typeof text !== 'string' || typeof from !== 'string' || typeof to !== 'string') return undefined;
  const most = typeof limit === 'bigint' ? Number(limit) : -1;
  const pieces = from === '' ? points(text) : text.split(from);
  const times = most < 0 ? pieces.length - 1 : Math.min(most, pieces.length - 1);
  budget.spend((text.length + times * to.length) >> 3);
  const head = pieces.slice(0, times + 1).join(to);
  const tail = pieces.slice(times + 1);
  return tail.length > 0 ? head + from + tail.join(from) : head;
};

const split: Implementation = ([text, separator, limit], budget) => {
  if (typeof text !== 'string' || typeof separator !== 'string') return undefined;
  budget.spend(text.length);
  const pieces = separator === '' ? points(text) : text.split(separator);
  const most = typeof limit === 'bigint' ? Number(limit) : -1;
  if (most === 0) return [];
  if (most < 0 || pieces.length <= most) return pieces;
  return [...pieces.slice(0, most - 1), pieces.slice(most - 1).join(separator)];
};

const join: Implementation = ([list, separator = ''], budget) => {
  if (list === undefined || !isList(list) || typeof separator !== 'string') return undefined;
  const texts = list.map((element) => {
    if (typeof element !== 'string') throw new CelError('no such overload: join');
    return element;
  });
  const joined = texts.join(separator);
  budget.spend(joined.length >> 3);
  return joined;
};

const charAt: Implementation = ([text, index]) => {
  if (typeof text !== 'string' || typeof index !== 'bigint') return undefined;
  const whole = points(text);
  if (index < 0n || Number(index) > whole.length) throw new CelError(`index out of range: ${index}`);
  return whole[Number(index)] ?? '';
};

/** `'%s has %d'.format([a, b])`. */
const format: Implementation = ([template, list], budget) => {
  if (typeof template !== 'string' || list === undefined || !isList(list)) return undefined;
  let next = 0;
  const result = template.replace(
    /%(?:\.(\d{1,3}))?([a-zA-Z%])/g,
    (whole: string, digits: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const value = list[next++];
      if (value === undefined) throw new CelError('index out of range: too few arguments for format');
      return formatted(value, verb, digits === undefined ? 6 : Number(digits), whole);
    },
  );
  budget.spend(result.length >> 3);
  return result;
};

function formatted(value: CelValue, verb: string, digits: number, whole: string): string {
  const number = numeric(value);
  switch (verb) {
    case 's':
      return shown(value);
    case 'd':
      if (typeof number === 'bigint') return String(number);
      break;
    case 'f':
      if (number !== undefined) return Number(number).toFixed(digits);
      break;
    case 'e':
      if (number !== undefined)
        return Number(number)
          .toExponential(digits)
          .replace(/e([+-])(\d)$/, 'e$10$2');
      break;
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      if (typeof number === 'bigint') return number.toString(2);
      break;
    case 'o':
      if (typeof number === 'bigint') return number.toString(8);
      break;
    case 'x':
    case 'X': {
      const hex =
        typeof value === 'string' || value instanceof Uint8Array
          ? Buffer.from(value).toString('hex')
          : typeof number === 'bigint'
            ? number.toString(16)
            : undefined;
      if (hex !== undefined) return verb === 'X' ? hex.toUpperCase() : hex;
      break;
    }
    default:
  }
  throw new CelError(`could not parse formatting clause ${JSON.stringify(whole)}`);
}

function shown(value: CelValue): string {
  if (value === null) return 'null';
  if (isList(value)) return `[${value.map(shown).join(', ')}]`;
  if (value instanceof MapLike) {
    return `{${value
      .keys()
      .map((key) => `${shown(key)}: ${shown(value.get(key) ?? null)}`)
      .sort()
      .join(', ')}}`;
  }
  return toText(value) ?? String(value);
}

const ascii = (text: string, upper: boolean) =>
  text.replace(upper ? /[a-z]/g : /[A-Z]/g, (letter) =>
    upper ? letter.toUpperCase() : letter.toLowerCase(),
  );

export const STRINGS: Functions = {
  global: {
    matches,
    'strings.quote': ofText((text) => JSON.stringify(text)),
    'base64.encode': ([bytes]) =>
      bytes instanceof Uint8Array ? Buffer.from(bytes).toString('base64') : undefined,
    'base64.decode': ofText((text) => Buffer.from(text, 'base64')),
  },
  methods: {
    matches,
    contains: ofTexts((text, other) => text.includes(other)),
    startsWith: ofTexts((text, other) => text.startsWith(other)),
    endsWith: ofTexts((text, other) => text.endsWith(other)),
    charAt,
    indexOf: positionOf(false),
    lastIndexOf: positionOf(true),
    lowerAscii: ofText((text) => ascii(text, false)),
    upperAscii: ofText((text) => ascii(text, true)),
    trim: ofText((text) => text.trim()),
    reverse: ofText((text) => points(text).reverse().join('')),
    substring,
    replace,
    split,
    join,
    format,
  },
};
