export interface Change {
  /** `spec.template.spec.containers[web].image` */
  readonly path: string;
  /** Undefined: there was nothing. */
  readonly before: unknown;
  /** Undefined: there is nothing any more. */
  readonly after: unknown;
}

/** One change, as the history tells it. */
export interface Entry {
  readonly id: string;
  /** RFC 3339. */
  readonly time: string;
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly group: string;
  readonly version: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly code: number;
  /** Why it was refused. */
  readonly refusal: string | undefined;
  /** The server's one line. */
  readonly summary: string;
  readonly changes: readonly Change[];
  /** What webhooks and policies said of it, by key. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Entries come from a database that may hold those of other versions: what is not there stays empty. */
export function readEntry(value: unknown): Entry {
  const raw = record(value);
  const object = record(raw.object);
  const response = record(raw.response);
  return {
    id: text(record(raw.metadata).name) ?? '',
    time: text(raw.time) ?? '',
    user: text(record(raw.user).name) ?? '–',
    verb: text(raw.verb) ?? '',
    resource: text(object.resource) ?? '',
    group: text(object.group) ?? '',
    version: text(object.version) ?? 'v1',
    subresource: text(object.subresource),
    namespace: text(object.namespace),
    name: text(object.name) ?? '',
    code: typeof response.code === 'number' ? response.code : 0,
    refusal: text(record(response.status).message),
    summary: text(raw.summary) ?? '',
    changes: (Array.isArray(raw.changes) ? raw.changes : []).map((change: unknown) => {
      const { path, before, after } = record(change);
      return { path: text(path) ?? '', before, after };
    }),
    annotations: Object.fromEntries(
      Object.entries(record(raw.annotations)).map(([key, value]) => [key, String(value)]),
    ),
  };
}

/** Whether a person did it; what the cluster does by itself carries names of its own. */
export const byPerson = ({ user }: Entry) => !user.startsWith('system:');

/** What was observed, not what was wanted. */
export const isReport = ({ subresource }: Entry) => subresource === 'status';

export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);
