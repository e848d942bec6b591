'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import { useMemo } from 'react';
import { byLatest } from '../events/latest';
import { useFleetSet } from '../fleet/hooks';
import { ShowLink } from '../ui/show';
import { eventInWords } from '../words/event-words';

/** A pod that has a node and does not come up: the last warning about it says why, where there is one. */
export function StuckPod({ pod, otherwise }: { pod: FleetPod; otherwise: React.ReactNode }) {
  const events = useFleetSet<'events'>(`about:Pod/${pod.namespace}/${pod.name}`);
  const warning = useMemo(() => byLatest(events).find(({ type }) => type === 'Warning'), [events]);
  if (!warning) return otherwise;
  return (
    <p className="border-t border-line pt-2 text-[12.5px] leading-[1.55] text-ink-2 [overflow-wrap:anywhere]">
      <ShowLink
        className="font-semibold text-brass-ink hover:underline"
        to={{ resource: 'pods', namespace: pod.namespace, name: pod.name, tab: 'events' }}
      >
        {pod.name} does not come up.
      </ShowLink>{' '}
      <span className="line-clamp-2">It {eventInWords(warning)}</span>
    </p>
  );
}
