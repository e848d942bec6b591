export const OPTIONAL_SELECT = 'optional_select__';
export const OPTIONAL_INDEX = 'optional_index__';

/**
 * Writes `a.?b` and `a[?k]` as calls, which is how the parser takes them. Positions in messages of the parser move a
 * little by it. Texts and comments stay as they are.
 */
export function rewriteOptionals(source: string): string {
  if (!/\.\s*\?|\[\s*\?/.test(source)) return source;
  const token =
    /[rRbB]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\/\/[^\n]*|\.\s*\?\s*([A-Za-z_]\w*)|\[\s*\?|[[\]]|[\s\S]/g;
  let result = '';
  const closers: string[] = [];
  for (const [text, name] of source.matchAll(token)) {
    if (name !== undefined) result += `.${OPTIONAL_SELECT}("${name}")`;
    else if (/^\[\s*\?$/.test(text) && /[\w)\]"']\s*$/.test(result)) {
      result += `.${OPTIONAL_INDEX}(`;
      closers.push(')');
    } else if (text === '[') {
      result += text;
      closers.push(']');
    } else if (text === ']') result += closers.pop() ?? text;
    else result += text;
  }
  return result;
}
