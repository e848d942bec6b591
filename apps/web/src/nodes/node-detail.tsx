'use client';
import type { FleetNode } from '@wheelhouse/shared/console/protocol';
import type { Node } from 'kubernetes-types/core/v1';
import { callApi, inWords } from '../api/call-api';
import { pathOf } from '../api/paths';
import { EventsTab } from '../detail/events-tab';
import { Facts, Part } from '../detail/facts';
import { DetailFrame } from '../detail/frame';
import { keyOfRef, useApiObject } from '../detail/use-api-object';
import { YamlTab } from '../detail/yaml-tab';
import { DrainTab } from '../drain/drain-tab';
import { useFleetComplete, useFleetObject, useFleetSet } from '../fleet/hooks';
import { PodRow } from '../pods/pod-row';
import { Age } from '../ui/age';
import { ShowLink, type Shown } from '../ui/show';
import { toast } from '../ui/ui-store';
import { usageInWords, useNodeUsage } from '../usage/use-usage';
import { bytes, cpus, plural } from '../words/amounts';

export function NodeDetail({ shown }: { shown: Shown }) {
  const object = useFleetObject(keyOfRef(shown));
  const complete = useFleetComplete();
  const node = object?.resource === 'nodes' ? object : undefined;
  return (
    <DetailFrame
      shown={shown}
      gone={complete && !node}
      lead={node ? <Lead node={node} /> : '–'}
      actions={
        node ? (
          <>
            <CordonButton node={node} />
            <ShowLink className="button" to={{ ...shown, tab: 'drain' }}>
              Drain…
            </ShowLink>
          </>
        ) : null
      }
      tabs={[
        { id: 'overview', name: 'Overview', content: node ? <Overview node={node} /> : null },
        { id: 'drain', name: 'Drain', content: node ? <DrainTab node={node} /> : null },
        { id: 'events', name: 'Events', content: <EventsTab shown={shown} /> },
        { id: 'yaml', name: 'YAML', content: node ? <YamlTab shown={shown} /> : null, fill: true },
      ]}
    />
  );
}

function Lead({ node }: { node: FleetNode }) {
  if (node.ready !== 'True') {
    return (
      <p>
        <b className="font-semibold text-fail-ink">
          {node.ready === 'False' ? 'It is not ready.' : 'It has not been heard of.'}
        </b>{' '}
        {node.readyMessage}
      </p>
    );
  }
  if (node.unschedulable) return <p>It is cordoned: what runs goes on, nothing new comes.</p>;
  return <p>It is ready and takes pods.</p>;
}

function CordonButton({ node }: { node: FleetNode }) {
  const turn = async () => {
    try {
      await callApi(pathOf({ resource: 'nodes', name: node.name }), {
        method: 'PATCH',
        contentType: 'application/merge-patch+json',
        body: { spec: { unschedulable: node.unschedulable ? null : true } },
      });
    } catch (error) {
      toast('error', `${node.name} stays as it was`, inWords(error));
    }
  };
  return (
    <button type="button" className="button" onClick={() => void turn()}>
      {node.unschedulable ? 'Uncordon' : 'Cordon'}
    </button>
  );
}

function Overview({ node }: { node: FleetNode }) {
  const pods = useFleetSet<'pods'>(`node:${node.name}`);
  const { object } = useApiObject<Node>({ resource: 'nodes', name: node.name });
  const usage = useNodeUsage(node.name);
  const info = object?.status?.nodeInfo;
  return (
    <>
      <Part title="What it is">
        <Facts
          facts={[
            [
              'Address',
              node.ip ? (
                <span key="ip" className="mono">
                  {node.ip}
                </span>
              ) : undefined,
            ],
            ['Zone', node.zone],
            [
              'Offers',
              node.cpu === undefined
                ? undefined
                : `${cpus(node.cpu)} CPU, ${node.memory === undefined ? '–' : bytes(node.memory)} memory, ${node.pods ?? '–'} pods`,
            ],
            [
              'Pod addresses',
              node.podCidr ? (
                <span key="cidr" className="mono">
                  {node.podCidr}
                </span>
              ) : undefined,
            ],
            ['Uses now', usage ? usageInWords(usage) : undefined],
            ['Runtime', node.runtime],
            [
              'System',
              info
                ? [info.osImage, info.kernelVersion, info.architecture].filter(Boolean).join(' · ')
                : undefined,
            ],
            ['Agent', node.version],
            [
              'Taints',
              node.taints.length > 0
                ? node.taints.map((taint) => (
                    <div key={taint} className="mono">
                      {taint}
                    </div>
                  ))
                : 'none',
            ],
            ['Joined', <Age key="joined" time={node.created} suffix />],
          ]}
        />
      </Part>
      {object?.status?.conditions?.length ? (
        <Part title="Conditions">
          <ul className="flex flex-col gap-1.5 text-[13px]">
            {object.status.conditions.map(({ type, status, message }) => {
              const good = type === 'Ready' ? status === 'True' : status === 'False';
              return (
                <li key={type} className="grid grid-cols-[14px_140px_minmax(0,1fr)] items-baseline gap-2">
                  <i
                    className="tile self-center [--tile:11px]"
                    data-look={good ? 'running' : 'failed'}
                    aria-hidden="true"
                  />
                  <span>
                    {type}
                    <span className="sr-only">: {status}</span>
                  </span>
                  <span className="truncate text-ink-3" title={message}>
                    {message ?? ''}
                  </span>
                </li>
              );
            })}
          </ul>
        </Part>
      ) : null}
      <Part title="Pods on it" note={plural(pods.length, 'pod')}>
        {pods.slice(0, 300).map((pod) => (
          <PodRow key={pod.uid} pod={pod} />
        ))}
        {pods.length === 0 ? <p className="text-[13px] text-ink-3">None yet.</p> : null}
      </Part>
    </>
  );
}
