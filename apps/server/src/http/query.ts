/**
 * The parameters of a URL as Go reads them: a pair that holds a semicolon or an escape that is none is passed over,
 * the others count.
 */
export function parseQuery(text: string): URLSearchParams {
  if (!/[%;]/.test(text)) return new URLSearchParams(text);
  const pairs = text.split('&').filter((pair) => !pair.includes(';') && !/%(?![\da-f]{2})/i.test(pair));
  return new URLSearchParams(pairs.join('&'));
}
