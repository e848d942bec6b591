import { badRequest } from '@wheelhouse/shared/errors';

/** Deeper than any object; what is nested more is refused before it is looked at. */
export const DEEPEST_BODY = 500;
const MOST_DUPLICATES = 100;

/**
 * Parses JSON. A key that stands twice in one object counts the last time; if `problems` is given it gets a text for
 * each, as strict field validation words them. Throws BadRequest.
 */
export function parseJson(text: string, problems?: string[]): unknown {
  const { keys, depth } = measure(text);
  if (depth > DEEPEST_BODY) throw badRequest(`the body is nested more than ${DEEPEST_BODY} levels deep`);
  let value: unknown;
  try {
    value = JSON.parse(text, HALF_CHARACTER.test(text) ? wellFormed : undefined);
  } catch (error) {
    // The parser's message may quote the body, which may hold secrets: say where, not what.
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    throw badRequest(`the body is not valid JSON${position ? ` (at character ${position})` : ''}`);
  }
  // Looking for keys that stand twice is only worth it when some have been lost.
  if (problems && keys !== countKeys(value)) problems.push(...duplicateFields(text));
  return value;
}

/** The escape of half a character; written alone it means nothing. */
const HALF_CHARACTER = /\\u[dD][89a-fA-F]/;

const LONE_HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Halves that stand alone become the sign for what cannot be read, as in Go. */
function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(LONE_HALF, '\ufffd') : value;
}

const QUOTE = 34;
const COLON = 58;
const BACKSLASH = 92;

/** How many keys a text of JSON has, and how deep it is; of other texts something. */
function measure(text: string): { keys: number; depth: number } {
  let keys = 0;
  let depth = 0;
  let level = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfString(text, i);
        break;
      case COLON:
        keys++;
        break;
      case 91: // [
      case 123: // {
        if (++level > depth) depth = level;
        break;
      case 93: // ]
      case 125: // }
        level--;
        break;
      default:
    }
  }
  return { keys, depth };
}

/** The position of the quote that ends the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    if (code === BACKSLASH) i++;
  }
  return i;
}

/** Not nested deeper than {@link DEEPEST_BODY}. */
function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const element of value) count += countKeys(element);
    return count;
  }
  for (const key in value) count += 1 + countKeys((value as Record<string, unknown>)[key]);
  return count;
}

interface Frame {
  readonly path: string;
  /** Undefined for an array. */
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
}

/** `duplicate field "spec.replicas"` for each key that stands more than once. `text` is valid JSON. */
function duplicateFields(text: string): string[] {
  const found: string[] = [];
  const stack: Frame[] = [];
  let top: Frame | undefined;
  let last = '';
  for (let i = 0; i < text.length && found.length < MOST_DUPLICATES; i++) {
    const character = text[i];
    if (character === '"') {
      const end = endOfString(text, i);
      last = text.slice(i, end + 1);
      i = end;
    } else if (character === ':' && top?.keys) {
      const key = String(JSON.parse(last));
      top.key = key;
      if (top.keys.has(key)) found.push(`duplicate field ${JSON.stringify(pathOf(top))}`);
      top.keys.add(key);
    } else if (character === ',' && top && !top.keys) {
      top.index++;
    } else if (character === '{' || character === '[') {
      const path = top ? pathOf(top) : '';
      top = { path, keys: character === '{' ? new Set() : undefined, key: '', index: 0 };
      stack.push(top);
    } else if (character === '}' || character === ']') {
      stack.pop();
      top = stack.at(-1);
    }
  }
  return [...new Set(found)];
}

function pathOf({ path, keys, key, index }: Frame): string {
  if (!keys) return `${path}[${index}]`;
  return path === '' ? key : `${path}.${key}`;
}
