'use client';
import type { FleetService } from '@wheelhouse/shared/console/protocol';
import { memo } from 'react';
import { useAll, useFleetSet } from '../fleet/hooks';
import { Empty, Page } from '../ui/page';
import { ShowLink } from '../ui/show';
import { useUi } from '../ui/ui-store';
import { plural } from '../words/amounts';

export function ServicesPage() {
  const namespace = useUi((state) => state.namespace);
  const services = useAll('services', namespace);
  const sorted = [...services].sort(
    (a, b) => a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name),
  );
  return (
    <Page
      title="Services"
      note={`${plural(services.length, 'service')} · one name and address in front of many pods`}
    >
      {sorted.length === 0 ? (
        <Empty title="No services here">A service gives the pods of a workload one address that stays.</Empty>
      ) : (
        <div className="card overflow-x-auto">
          <table className="table-rows">
            <thead>
              <tr>
                <th>Service</th>
                <th>Address in the cluster</th>
                <th>Ports</th>
                <th>Behind it</th>
              </tr>
            </thead>
            <tbody>
              {sorted.map((service) => (
                <Row key={service.uid} service={service} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Page>
  );
}

const Row = memo(function Row({ service }: { service: FleetService }) {
  return (
    <tr data-testid={`service-${service.namespace}-${service.name}`}>
      <td>
        <ShowLink
          className="font-medium text-ink hover:underline"
          to={{ resource: 'services', namespace: service.namespace, name: service.name }}
        >
          {service.name}
        </ShowLink>{' '}
        <span className="text-ink-3">{service.namespace}</span>
      </td>
      <td className="mono">{service.clusterIp ?? '–'}</td>
      <td className="mono whitespace-nowrap">
        {service.ports.map(({ port, nodePort, protocol }) => (
          <div key={`${protocol}${port}`}>
            {port}
            {protocol === 'TCP' ? '' : `/${protocol}`}
            {nodePort ? <span className="text-ink-3"> · on every node {nodePort}</span> : null}
          </div>
        ))}
      </td>
      <td>
        <Behind service={service} />
      </td>
    </tr>
  );
});

export function Behind({ service }: { service: FleetService }) {
  const slices = useFleetSet<'endpointslices'>(`service:${service.namespace}/${service.name}`);
  const endpoints = slices.flatMap((slice) => slice.endpoints);
  const ready = endpoints.filter((endpoint) => endpoint.ready).length;
  if (endpoints.length === 0) return <span className="text-ink-3">nobody answers</span>;
  return (
    <span className="flex items-center gap-2">
      <span className="flex gap-[3px]" aria-hidden="true">
        {endpoints.slice(0, 16).map(({ ip, ready: answers }) => (
          <i
            key={ip}
            className="tile [--edge:1px] [--tile:11px]"
            data-look={answers ? 'running' : 'waiting'}
          />
        ))}
      </span>
      <span>{ready === endpoints.length ? `${ready} ready` : `${ready} of ${endpoints.length} ready`}</span>
    </span>
  );
}
