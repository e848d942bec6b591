'use client';
import { resourceName } from '../api/paths';
import { Empty, Page } from '../ui/page';
import { ShowLink } from '../ui/show';
import { useUi } from '../ui/ui-store';
import { plural } from '../words/amounts';
import { type CustomKind, readKinds, readTable } from './read-kinds';
import { useFresh } from './use-fresh';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const ROWS = 100;

/** Kinds that users taught the cluster, and what there is of each, in the columns that its author chose. */
export function KindsPage() {
  const { value: kinds, error } = useFresh(DEFINITIONS, { read: readKinds });
  return (
    <Page
      title="Your own kinds"
      note={
        kinds ? `${plural(kinds.length, 'kind')} that the cluster was taught` : 'What the cluster was taught'
      }
    >
      {error ? <p className="mb-3 text-[13px] text-fail-ink">{error}</p> : null}
      {kinds?.length === 0 ? (
        <Empty title="None yet">
          A custom resource definition teaches the cluster a kind of yours; its objects appear here.
        </Empty>
      ) : null}
      {kinds?.map((kind) => (
        <KindSection key={`${kind.plural}.${kind.group}`} kind={kind} />
      ))}
    </Page>
  );
}

function KindSection({ kind }: { kind: CustomKind }) {
  const namespace = useUi((state) => state.namespace);
  const place = namespace && kind.namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const path = `/apis/${kind.group}/${kind.version}${place}/${kind.plural}?limit=${ROWS}`;
  const { value: table, error } = useFresh(path, { accept: TABLE, read: readTable });
  const resource = resourceName(kind);
  return (
    <section
      className="card mb-4 overflow-x-auto"
      aria-label={kind.kind}
      data-testid={`kind-${kind.plural}.${kind.group}`}
    >
      <h2 className="flex items-baseline gap-2 px-4 pt-3 pb-1 text-[15px] font-[620] tracking-[-0.01em]">
        {kind.kind}
        <ShowLink
          className="text-[12px] font-normal text-ink-3 hover:underline"
          to={{
            resource: 'customresourcedefinitions.v1.apiextensions.k8s.io',
            name: `${kind.plural}.${kind.group}`,
          }}
        >
          {kind.group}/{kind.version}
        </ShowLink>
        {kind.established ? null : (
          <span className="tag" data-tone="attention">
            not served yet
          </span>
        )}
      </h2>
      {error ? <p className="px-4 pb-3 text-[13px] text-fail-ink">{error}</p> : null}
      {table?.rows.length === 0 ? <p className="px-4 pb-3 text-[13px] text-ink-3">None of it yet.</p> : null}
      {table && table.rows.length > 0 ? (
        <table className="table-rows">
          <thead>
            <tr>
              {kind.namespaced && !namespace ? <th>Namespace</th> : null}
              {table.columns.map((column) => (
                <th key={column}>{column}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map(({ namespace: where, name, cells }) => (
              <tr key={`${where}/${name}`}>
                {kind.namespaced && !namespace ? <td className="text-ink-3">{where}</td> : null}
                {cells.map((cell, index) => (
                  <td key={table.columns[index]}>
                    {index === 0 ? (
                      <ShowLink
                        className="font-medium text-ink hover:underline"
                        to={{ resource, namespace: where, name }}
                      >
                        {cell}
                      </ShowLink>
                    ) : (
                      cell
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      {table?.more ? (
        <p className="px-4 py-2 text-[12.5px] text-ink-3">
          There are more than {ROWS}; kubectl lists them all.
        </p>
      ) : null}
    </section>
  );
}
