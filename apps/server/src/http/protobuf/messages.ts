import table from './messages.json';

/**
 * `messages.json` names, per package and message, its fields as `number name type`. Types are scalars or messages
 * (`core.v1/Pod`; without a package: the same one), followed by
 *   []  repeated    {}  a map from strings    !  inlined: its fields stand in the JSON of the parent
 *   ?   a pointer in Go: a zero value is a value (`replicas: 0`), where it otherwise means "not set". Fields that are
 *       younger than the API level that is served have it too, so that they are not written when they are not set.
 * The numbers are those of the public Kubernetes API definitions; they never change.
 */
export interface MessageField {
  readonly number: number;
  readonly name: string;
  /** A scalar, or a message as `package/Name`. */
  readonly type: string;
  readonly form: 'single' | 'repeated' | 'map' | 'inline';
  readonly optional: boolean;
  /** A message that is no pointer in Go: written even when it is empty. */
  readonly always: boolean;
}

export interface Message {
  readonly fields: ReadonlyMap<number, MessageField>;
  /** The same fields, the highest number first: the order in which they are written. */
  readonly descending: readonly MessageField[];
  /** In JSON it is its `items` alone. */
  readonly isList: boolean;
}

const SCALARS: ReadonlySet<string> = new Set(['string', 'bytes', 'bool', 'int32', 'int64', 'double']);
const LISTS: ReadonlySet<string> = new Set(['ExtraValue', 'Verbs']);
/** Fields that are structs rather than pointers wherever they occur. */
const ALWAYS: ReadonlySet<string> = new Set(['metadata', 'spec', 'status', 'creationTimestamp']);
const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = table;
const parsed = new Map<string, Message>();

/** Undefined for messages that are not in the table. */
export function findMessage(packageName: string, name: string): Message | undefined {
  const id = `${packageName}/${name}`;
  const known = parsed.get(id);
  if (known) return known;
  if (!Object.hasOwn(TABLE, packageName)) return undefined;
  const messages = TABLE[packageName] ?? {};
  const text = Object.hasOwn(messages, name) ? messages[name] : undefined;
  if (text === undefined) return undefined;
  return messageOf(id, text, packageName);
}

function messageOf(id: string, text: string, packageName: string): Message {
  const known = parsed.get(id);
  if (known) return known;
  const fields = text ? text.split(', ').map((field) => parseField(field, packageName)) : [];
  const descending = fields.map(([, field]) => field).sort((a, b) => b.number - a.number);
  const isList = LISTS.has(id.slice(id.indexOf('/') + 1));
  const message = { fields: new Map(fields), descending, isList };
  parsed.set(id, message);
  return message;
}

function parseField(text: string, packageName: string): [number, MessageField] {
  const [number = '', name = '', written = ''] = text.split(' ');
  const [, base = '', mark = ''] = /^([^[\]{}!?]+)(.*)$/.exec(written) ?? [];
  const type = SCALARS.has(base) || base.includes('/') ? base : `${packageName}/${base}`;
  const form = mark === '[]' ? 'repeated' : mark === '{}' ? 'map' : mark === '!' ? 'inline' : 'single';
  // Messages are set or not; only scalars need the mark.
  const isMessage = !SCALARS.has(base);
  const always = form === 'inline' || (isMessage && mark === '' && ALWAYS.has(name));
  return [
    Number(number),
    { number: Number(number), name, type, form, optional: mark === '?' || isMessage, always },
  ];
}

/** Options of deletes and the like are meta/v1 messages, whatever group they are sent under. */
export function messageFor(apiVersion: string, kind: string): Message | undefined {
  const [first = '', second] = apiVersion.split('/');
  const packageName = second === undefined ? `core.${first}` : `${first.split('.')[0] ?? ''}.${second}`;
  return findMessage(packageName, kind) ?? findMessage('meta', kind) ?? listMessage(packageName, kind);
}

/** Lists are not in the table, since all are alike: metadata, then items. */
function listMessage(packageName: string, kind: string): Message | undefined {
  const item = kind.endsWith('List') ? kind.slice(0, -'List'.length) : '';
  if (item === '' || !findMessage(packageName, item)) return undefined;
  return messageOf(`${packageName}/${kind}`, `1 metadata meta/ListMeta, 2 items ${item}[]`, packageName);
}
