'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import { EventsTab } from '../detail/events-tab';
import { DetailFrame } from '../detail/frame';
import { keyOfRef } from '../detail/use-api-object';
import { YamlTab } from '../detail/yaml-tab';
import { useFleetComplete, useFleetObject } from '../fleet/hooks';
import { LogView } from '../logs/log-view';
import type { Shown } from '../ui/show';
import { lookOf, podDetail, podInWords } from '../words/pod-words';
import { PodOverview } from './pod-overview';

export function PodDetail({ shown }: { shown: Shown }) {
  const object = useFleetObject(keyOfRef(shown));
  const complete = useFleetComplete();
  const pod = object?.resource === 'pods' ? object : undefined;
  return (
    <DetailFrame
      shown={shown}
      gone={complete && !pod}
      lead={pod ? <PodLead pod={pod} /> : '–'}
      tabs={[
        { id: 'overview', name: 'Overview', content: pod ? <PodOverview pod={pod} /> : null },
        { id: 'logs', name: 'Logs', content: pod ? <LogView pod={pod} /> : null, fill: true },
        { id: 'events', name: 'Events', content: <EventsTab shown={shown} /> },
        { id: 'yaml', name: 'YAML', content: pod ? <YamlTab shown={shown} /> : null, fill: true },
      ]}
    />
  );
}

function PodLead({ pod }: { pod: FleetPod }) {
  const detail = podDetail(pod);
  const words = podInWords(pod);
  return (
    <div className="flex items-start gap-2.5">
      <i className="tile mt-[2px] [--tile:16px]" data-look={lookOf(pod)} aria-hidden="true" />
      <p className="min-w-0 [overflow-wrap:anywhere]">
        <b className="font-semibold text-ink">It {words}.</b>{' '}
        {detail ? `${detail.charAt(0).toUpperCase()}${detail.slice(1)}` : ''}
      </p>
    </div>
  );
}
