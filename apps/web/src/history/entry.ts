/** One change, as the history tells it. */
export interface Entry {
  readonly id: string;
  /** RFC 3339. */
  readonly time: string;
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly code: number;
  /** Why it was refused. */
  readonly refusal: string | undefined;
}

/** Entries come from a database that may hold those of other versions: what is not there stays empty. */
export function readEntry(value: unknown): Entry {
  const raw = record(value);
  const spec = 'spec' in raw ? { ...raw, ...record(raw.spec) } : raw;
  const object = { ...spec, ...record(spec.object) };
  const user = spec.user;
  return {
    id: text(spec.id) ?? text(record(raw.metadata).name) ?? '',
    time: text(spec.time) ?? text(record(raw.metadata).creationTimestamp) ?? '',
    user: text(user) ?? text(record(user).name) ?? '–',
    verb: text(spec.verb) ?? '',
    resource: text(object.resource) ?? '',
    subresource: text(object.subresource),
    namespace: text(object.namespace),
    name: text(object.name) ?? '',
    before: spec.before,
    after: spec.after,
    code: typeof spec.responseCode === 'number' ? spec.responseCode : Number(record(spec.response).code ?? 0),
    refusal: text(record(spec.responseStatus).message) ?? text(record(record(spec.response).status).message),
  };
}

export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);
