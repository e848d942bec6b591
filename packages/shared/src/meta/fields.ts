import { badRequest } from '../errors';

/** A parsed field selector: `status.phase=Running,spec.nodeName!=n1`. All requirements must hold. */
export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  /** `read` gives a field's value, '' when unset. */
  matches(read: (field: string) => string): boolean;
  toString(): string;
  /** The value that `field` must equal, if the selector says so: lets callers use an index. */
  exactValue(field: string): string | undefined;
}

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/**
 * Parses a field selector. In values `\` escapes `\`, `,` and `=`. Throws BadRequest on bad syntax, also for a
 * field that is not in `allowed` (when given), in the words of Kubernetes.
 */
export function parseFieldSelector(
  text: string,
  allowed?: (field: string) => boolean,
  refusal = (field: string) => `field label not supported: ${field}`,
): FieldSelector {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === '') continue;
    const requirement = parseTerm(term, text);
    // A field without a name that is to be empty, or not, says nothing.
    if (requirement.field === '' && requirement.value === '') continue;
    if (allowed && !allowed(requirement.field)) throw badRequest(refusal(requirement.field));
    requirements.push(requirement);
  }
  return {
    requirements,
    matches: (read) =>
      requirements.every(({ field, operator, value }) => (read(field) === value) === (operator === '=')),
    toString: () =>
      requirements.map(({ field, operator, value }) => `${field}${operator}${escapeValue(value)}`).join(','),
    exactValue: (field) => requirements.find((r) => r.field === field && r.operator === '=')?.value,
  };
}

/** Splits at commas that are not escaped. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function parseTerm(term: string, whole: string): FieldRequirement {
  for (let i = 0; i < term.length; i++) {
    for (const operator of ['!=', '==', '='] as const) {
      if (!term.startsWith(operator, i)) continue;
      return {
        field: term.slice(0, i),
        operator: operator === '!=' ? '!=' : '=',
        value: unescapeValue(term.slice(i + operator.length)),
      };
    }
  }
  throw badRequest(`invalid selector: '${whole}'; can't understand '${term}'`);
}

function escapeValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&');
}

function unescapeValue(value: string): string {
  let result = '';
  for (let i = 0; i < value.length; i++) {
    const character = value[i] ?? '';
    if (character === '\\') {
      const next = value[++i];
      if (next !== '\\' && next !== ',' && next !== '=') {
        throw badRequest(`invalid field selector: invalid escape sequence in ${JSON.stringify(value)}`);
      }
      result += next;
    } else if (character === ',' || character === '=') {
      throw badRequest(`invalid field selector: unescaped character in ${JSON.stringify(value)}`);
    } else {
      result += character;
    }
  }
  return result;
}
