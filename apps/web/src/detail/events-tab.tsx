'use client';
import { useMemo } from 'react';
import { kindOf } from '../api/paths';
import { EventLine } from '../events/happening';
import { byLatest } from '../events/latest';
import { useFleetSet } from '../fleet/hooks';
import type { Shown } from '../ui/show';

export function EventsTab({ shown }: { shown: Shown }) {
  const events = useFleetSet<'events'>(
    `about:${kindOf(shown.resource)}/${shown.namespace ?? ''}/${shown.name}`,
  );
  const latest = useMemo(() => byLatest(events), [events]);
  if (latest.length === 0) {
    return (
      <p className="text-[13px] text-ink-3">
        Nothing happened to it lately. Events are kept for a while, then forgotten.
      </p>
    );
  }
  return latest.map((event) => <EventLine key={event.uid} event={event} />);
}
