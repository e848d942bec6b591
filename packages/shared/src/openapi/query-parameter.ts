/** A parameter behind the question mark of a URL. */
export interface QueryParameter {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

export function query(name: string, type: QueryParameter['type'], description: string): QueryParameter {
  return { name, type, description };
}
