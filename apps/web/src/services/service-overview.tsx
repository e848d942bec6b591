'use client';
import type { FleetService } from '@wheelhouse/shared/console/protocol';
import { Facts, Part } from '../detail/facts';
import { useFleetSet } from '../fleet/hooks';
import { ShowLink } from '../ui/show';

export function ServiceOverview({ service }: { service: FleetService }) {
  const slices = useFleetSet<'endpointslices'>(`service:${service.namespace}/${service.name}`);
  const endpoints = slices.flatMap((slice) => slice.endpoints);
  return (
    <>
      <Part title="How to reach it">
        <Facts
          facts={[
            ['Kind', service.type],
            [
              'Address',
              service.clusterIp ? (
                <span key="ip" className="mono">
                  {service.clusterIp}
                </span>
              ) : undefined,
            ],
            [
              'Name',
              <span
                key="name"
                className="mono"
              >{`${service.name}.${service.namespace}.svc.cluster.local`}</span>,
            ],
            [
              'Ports',
              service.ports.map(({ name, port, target, protocol, nodePort }) => (
                <div key={`${protocol}${port}`}>
                  <span className="mono">{port}</span> {name ? `(${name}) ` : ''}to{' '}
                  <span className="mono">{target}</span> of the pods, {protocol}
                  {nodePort ? (
                    <>
                      ; on every node <span className="mono">{nodePort}</span>
                    </>
                  ) : null}
                </div>
              )),
            ],
            [
              'Finds pods by',
              service.selector ? (
                <span key="selector" className="mono">
                  {service.selector}
                </span>
              ) : (
                'nothing: its endpoints are kept by hand'
              ),
            ],
          ]}
        />
      </Part>
      <Part title="Behind it">
        {endpoints.length === 0 ? (
          <p className="text-[13px] text-ink-3">Nobody answers. Either no pod fits, or none is ready.</p>
        ) : null}
        <ul className="flex flex-col gap-1 text-[13px]">
          {endpoints.map(({ ip, pod, ready }) => (
            <li key={ip} className="grid grid-cols-[16px_130px_minmax(0,1fr)] items-center gap-2">
              <i
                className="tile [--tile:13px]"
                data-look={ready ? 'running' : 'waiting'}
                aria-hidden="true"
              />
              <span className="mono">{ip}</span>
              <span className="truncate">
                {pod ? (
                  <ShowLink
                    className="link"
                    to={{ resource: 'pods', namespace: service.namespace, name: pod }}
                  >
                    {pod}
                  </ShowLink>
                ) : (
                  '–'
                )}
                {ready ? '' : <span className="text-ink-3"> not ready</span>}
              </span>
            </li>
          ))}
        </ul>
      </Part>
    </>
  );
}
