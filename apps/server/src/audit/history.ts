import type { AuditRecord } from './audit-sink';

/** One difference between two versions of an object. */
export interface Change {
  /** As people write it: `spec.replicas`, `spec.template.spec.containers[web].image`, `metadata.labels["a/b"]`. */
  readonly path: string;
  /** Absent: there was nothing. */
  readonly before?: unknown;
  /** Absent: there is nothing any more. */
  readonly after?: unknown;
}

/** Changes shown of one entry; an object that was rewritten altogether has more than anyone reads. */
export const MOST_CHANGES = 200;

/** Fields that change with every write and say nothing. */
const NOISE = new Set(['metadata.resourceVersion', 'metadata.generation', 'metadata.managedFields']);

/**
 * What differs between two versions, in the order of the newer one's fields. Lists of named things (containers,
 * ports, conditions, environment) are compared by name, so that an insertion is one change and not many.
 */
export function diff(before: unknown, after: unknown): Change[] {
  const changes: Change[] = [];
  compare('', before, after, changes);
  return changes;
}

function compare(path: string, before: unknown, after: unknown, into: Change[]): void {
  if (into.length >= MOST_CHANGES || NOISE.has(path) || before === after) return;
  if (isMap(before) && isMap(after)) {
    for (const key of union(Object.keys(after), Object.keys(before))) {
      compare(join(path, key), own(before, key), own(after, key), into);
    }
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const key = listKey(before, after);
    if (key !== undefined) compareByKey(path, key, before, after, into);
    else if (!before.some(isMap) && !after.some(isMap)) pushIfDifferent(path, before, after, into);
    else {
      for (let i = 0; i < Math.max(before.length, after.length); i++) {
        compare(`${path}[${i}]`, before[i], after[i], into);
      }
    }
    return;
  }
  pushIfDifferent(path, before, after, into);
}

function compareByKey(
  path: string,
  key: string,
  before: readonly unknown[],
  after: readonly unknown[],
  into: Change[],
): void {
  const byKey = (list: readonly unknown[]) =>
    new Map(list.map((item) => [isMap(item) ? String(own(item, key)) : '', item]));
  const [old, now] = [byKey(before), byKey(after)];
  for (const name of union([...now.keys()], [...old.keys()])) {
    compare(`${path}[${name}]`, old.get(name), now.get(name), into);
  }
}

function pushIfDifferent(path: string, before: unknown, after: unknown, into: Change[]): void {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  into.push({
    path,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
}

type Fields = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

function union(first: readonly string[], second: readonly string[]): string[] {
  return [...new Set([...first, ...second])];
}

/** The field by which both lists name their items, if each item has one of its own. */
function listKey(before: readonly unknown[], after: readonly unknown[]): string | undefined {
  return ['name', 'type', 'containerPort', 'port', 'uid', 'key', 'ip'].find((key) =>
    [before, after].every((list) => {
      const names = list.map((item) => (isMap(item) ? own(item, key) : undefined));
      return (
        names.every((name) => typeof name === 'string' || typeof name === 'number') &&
        new Set(names).size === list.length
      );
    }),
  );
}

function join(path: string, key: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) return path ? `${path}.${key}` : key;
  return `${path}["${key}"]`;
}

const SHOWN_CHANGES = 3;
const LONGEST_VALUE = 40;

/** One line for people: `spec.replicas 3 → 8`, `created`, `deleted`, `refused: …`. */
export function summarize(
  entry: Pick<AuditRecord, 'verb' | 'subresource' | 'responseCode'> & {
    readonly refusal?: string | undefined;
  },
  changes: readonly Change[],
): string {
  if (entry.responseCode >= 400)
    return `refused (${entry.responseCode})${entry.refusal ? `: ${entry.refusal}` : ''}`;
  if (entry.verb === 'create' && !entry.subresource) return 'created';
  const deleting = changes.find(
    ({ path, before }) => path === 'metadata.deletionTimestamp' && before === undefined,
  );
  if (entry.verb === 'delete' || entry.verb === 'deletecollection') {
    return deleting ? 'deletion begun' : 'deleted';
  }
  if (entry.verb === 'bind') {
    const node = changes.find(({ path }) => path === 'spec.nodeName')?.after;
    return node === undefined ? 'bound' : `bound to ${String(node)}`;
  }
  if (entry.verb === 'evict') return 'evicted';
  if (changes.length === 0) return 'no change to speak of';
  const important = [...changes].sort((a, b) => weight(a) - weight(b));
  const shown = important.slice(0, SHOWN_CHANGES).map(describe).join(', ');
  const more = changes.length - SHOWN_CHANGES;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** What was wanted before what was observed. */
function weight({ path }: Change): number {
  if (path.startsWith('status')) return 2;
  return path.startsWith('metadata.annotations') ? 1 : 0;
}

function describe({ path, before, after }: Change): string {
  if (before === undefined) return `${path} set to ${short(after)}`;
  if (after === undefined) return `${path} removed`;
  return `${path} ${short(before)} → ${short(after)}`;
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}
