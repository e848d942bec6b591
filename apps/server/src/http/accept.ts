/** One of the forms that a client would take. */
export interface AcceptClause {
  /** `type/subtype`; `*` alone stands for all. */
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Longer headers are cut off: nobody means them. */
const LONGEST = 4096;

/**
 * The clauses of an Accept header, the most wanted first, wildcards after what is said in full. As the parser that
 * Kubernetes uses: case counts, a weight of 0 forbids nothing, a weight that is no number counts as 0, and clauses
 * without a subtype and parameters without a value are passed over.
 */
export function parseAccept(accept: string): AcceptClause[] {
  const clauses = accept.slice(0, LONGEST).split(',').flatMap(parseClause);
  return clauses.sort((a, b) => b.quality - a.quality || wildness(a.type) - wildness(b.type));
}

function parseClause(text: string): (AcceptClause & { quality: number })[] {
  const [head = '', ...rest] = text.split(';');
  const parts = head.split('/').map((part) => part.trim());
  const type = head.trim() === '*' ? '*/*' : parts.join('/');
  if (type !== '*/*' && (parts.length !== 2 || parts[1] === '')) return [];
  const parameters = new Map<string, string>();
  let quality = 1;
  for (const pair of rest) {
    const [name = '', value = '', ...more] = pair.split('=');
    if (value === '' || more.length > 0) continue;
    if (name.trim() === 'q') quality = Number(value) || 0;
    else parameters.set(name.trim(), value.trim());
  }
  return [{ type, parameters, quality }];
}

function wildness(type: string): number {
  if (type.startsWith('*')) return 2;
  return type.endsWith('*') ? 1 : 0;
}
