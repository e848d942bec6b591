import { record } from '../history/entry';

/** A kind that users defined, as its definition says. */
export interface CustomKind {
  readonly kind: string;
  readonly plural: string;
  readonly group: string;
  /** The version that objects are stored in: the one that says everything. */
  readonly version: string;
  readonly namespaced: boolean;
  /** Whether it is served yet. */
  readonly established: boolean;
}

export function readKinds(list: unknown): readonly CustomKind[] {
  const { items } = record(list);
  return (Array.isArray(items) ? items : []).flatMap((item): CustomKind[] => {
    const { spec, status } = record(item);
    const { group, names, scope, versions } = record(spec);
    const { kind, plural } = record(names);
    const served = (Array.isArray(versions) ? versions : [])
      .map(record)
      .filter((each) => each.served === true);
    const version = (served.find((each) => each.storage === true) ?? served[0])?.name;
    if (![kind, plural, group, version].every((each) => typeof each === 'string')) return [];
    const { conditions } = record(status);
    const established = (Array.isArray(conditions) ? conditions : [])
      .map(record)
      .some(({ type, status: is }) => type === 'Established' && is === 'True');
    return [
      {
        kind: String(kind),
        plural: String(plural),
        group: String(group),
        version: String(version),
        namespaced: scope === 'Namespaced',
        established,
      },
    ];
  });
}

/** The rows that kubectl would print, with whose they are. */
export interface KindTable {
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly namespace: string | undefined;
    readonly name: string;
    readonly cells: readonly string[];
  }[];
  /** More than were asked for. */
  readonly more: boolean;
}

export function readTable(answer: unknown): KindTable {
  const { columnDefinitions, rows, metadata } = record(answer);
  const columns = (Array.isArray(columnDefinitions) ? columnDefinitions : []).map(record);
  // Those that `kubectl get` shows without -o wide.
  const shown = columns.flatMap(({ priority }, index) => (priority ? [] : [index]));
  return {
    columns: shown.map((index) => String(columns[index]?.name ?? '')),
    rows: (Array.isArray(rows) ? rows : []).map((row) => {
      const { cells, object } = record(row);
      const { name, namespace } = record(record(object).metadata);
      const all: unknown[] = Array.isArray(cells) ? cells : [];
      return {
        namespace: typeof namespace === 'string' ? namespace : undefined,
        name: String(name ?? ''),
        cells: shown.map((index) => inCell(all[index])),
      };
    }),
    more: Boolean(record(metadata).continue),
  };
}

function inCell(value: unknown): string {
  if (value === undefined || value === null || value === '') return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
