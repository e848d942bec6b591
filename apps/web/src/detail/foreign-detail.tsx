'use client';
import { isNotFound } from '@wheelhouse/shared/errors';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { foreignOf } from '../api/paths';
import { EventLine } from '../events/happening';
import { byLatest } from '../events/latest';
import { useFleetSet } from '../fleet/hooks';
import { historyTab } from '../history/history-tab';
import { Age } from '../ui/age';
import type { Shown } from '../ui/show';
import { DetailFrame } from './frame';
import { useApiObject } from './use-api-object';
import { YamlTab } from './yaml-tab';

const IN_FLEET = new Set([
  'pods',
  'nodes',
  'deployments',
  'replicasets',
  'replicationcontrollers',
  'statefulsets',
  'daemonsets',
  'jobs',
  'cronjobs',
  'horizontalpodautoscalers',
  'poddisruptionbudgets',
  'persistentvolumeclaims',
  'services',
  'endpointslices',
  'events',
  'configmaps',
  'secrets',
  'namespaces',
]);

/** Whether the stream tells of it; whatever else there is, is read from the API when it is opened. */
export const isInFleet = (resource: string) => IN_FLEET.has(resource);

/** A thing of a kind that the console knows nothing about: a custom resource, most often. */
export function ForeignDetail({ shown }: { shown: Shown }) {
  const { object, error } = useApiObject<KubeObject>(shown);
  const foreign = foreignOf(shown.resource);
  return (
    <DetailFrame
      shown={shown}
      gone={isNotFound(error)}
      lead={
        object ? (
          <p>
            {object.kind} of {foreign?.group || 'the core group'}, made{' '}
            <Age time={object.metadata?.creationTimestamp} suffix />.
          </p>
        ) : (
          '–'
        )
      }
      tabs={[
        { id: 'yaml', name: 'YAML', content: <YamlTab shown={shown} />, fill: true },
        { id: 'events', name: 'Events', content: <Events kind={object?.kind ?? ''} shown={shown} /> },
        historyTab(shown, foreign?.plural),
      ]}
    />
  );
}

function Events({ kind, shown }: { kind: string; shown: Shown }) {
  const events = useFleetSet<'events'>(`about:${kind}/${shown.namespace ?? ''}/${shown.name}`);
  if (events.length === 0) return <p className="text-[13px] text-ink-3">Nothing happened to it lately.</p>;
  return byLatest(events).map((event) => <EventLine key={event.uid} event={event} />);
}
