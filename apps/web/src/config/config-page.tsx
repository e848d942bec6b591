'use client';
import type { FleetConfig } from '@wheelhouse/shared/console/protocol';
import { useAll } from '../fleet/hooks';
import { Age } from '../ui/age';
import { Empty, Page } from '../ui/page';
import { ShowLink } from '../ui/show';
import { useUi } from '../ui/ui-store';

export function ConfigPage() {
  const namespace = useUi((state) => state.namespace);
  const maps = useAll('configmaps', namespace);
  const secrets = useAll('secrets', namespace);
  return (
    <Page
      title="Config & secrets"
      note="What pods read when they start. Values of secrets are shown only when you open one."
    >
      <Table title="Config maps" items={maps} />
      <Table title="Secrets" items={secrets} />
    </Page>
  );
}

function Table({ title, items }: { title: string; items: readonly FleetConfig[] }) {
  if (items.length === 0) {
    return (
      <div className="mb-4">
        <Empty title={`No ${title.toLowerCase()} here`}>Make one from YAML, or with kubectl.</Empty>
      </div>
    );
  }
  return (
    <section className="card mb-4 overflow-x-auto" aria-label={title}>
      <table className="table-rows">
        <thead>
          <tr>
            <th>{title}</th>
            <th>Holds</th>
            <th>Made</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.uid}>
              <td className="whitespace-nowrap">
                <ShowLink
                  className="font-medium text-ink hover:underline"
                  to={{ resource: item.resource, namespace: item.namespace, name: item.name }}
                >
                  {item.name}
                </ShowLink>{' '}
                <span className="text-ink-3">{item.namespace}</span>
              </td>
              <td>{item.keys.length > 0 ? item.keys.join(', ') : 'nothing'}</td>
              <td className="whitespace-nowrap text-ink-3">
                <Age time={item.created} suffix />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
