'use client';
import { kindOf } from '../api/paths';
import { useFleetComplete, useFleetObject } from '../fleet/hooks';
import { ServiceOverview } from '../services/service-overview';
import type { Shown } from '../ui/show';
import { EventsTab } from './events-tab';
import { DetailFrame } from './frame';
import { keyOfRef } from './use-api-object';
import { YamlTab } from './yaml-tab';

/** Whatever has no detail of its own: what it is, its events, its YAML. */
export function PlainDetail({ shown }: { shown: Shown }) {
  const object = useFleetObject(keyOfRef(shown));
  const complete = useFleetComplete();
  return (
    <DetailFrame
      shown={shown}
      gone={complete && !object}
      lead={leadOf(shown, object && 'keys' in object ? object.keys : undefined)}
      tabs={[
        ...(object?.resource === 'services'
          ? [{ id: 'overview', name: 'Overview', content: <ServiceOverview service={object} /> }]
          : []),
        { id: 'yaml', name: 'YAML', content: object ? <YamlTab shown={shown} /> : null, fill: true },
        { id: 'events', name: 'Events', content: <EventsTab shown={shown} /> },
      ]}
    />
  );
}

function leadOf(shown: Shown, keys: readonly string[] | undefined): string {
  if (!keys)
    return shown.resource === 'services'
      ? 'One name and address in front of many pods.'
      : kindOf(shown.resource);
  return keys.length === 0 ? 'It holds nothing.' : `It holds ${keys.join(', ')}.`;
}
