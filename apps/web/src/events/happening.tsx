'use client';
import type { FleetEvent } from '@wheelhouse/shared/console/protocol';
import Link from 'next/link';
import { memo, useMemo } from 'react';
import { resourceOf } from '../api/paths';
import { useAll } from '../fleet/hooks';
import { Age } from '../ui/age';
import { ShowLink } from '../ui/show';
import { useUi } from '../ui/ui-store';
import { eventInWords } from '../words/event-words';
import { byLatest } from './latest';

const SHOWN = 9;

/** What the cluster did last, in words. */
export function Happening() {
  const namespace = useUi((state) => state.namespace);
  const events = useAll('events', namespace);
  const latest = useMemo(() => byLatest(events).slice(0, SHOWN), [events]);
  return (
    <section className="card mt-3.5 px-[15px] pt-3 pb-3" aria-label="Happening">
      <h2 className="mb-1.5 flex items-baseline justify-between text-[13px] font-semibold text-ink-2">
        Happening
        <Link href="/events" className="font-medium text-ink-3 hover:text-ink hover:underline">
          All events
        </Link>
      </h2>
      {latest.length === 0 ? (
        <p className="py-1 text-[12.5px] text-ink-3">
          Quiet. What the cluster does appears here as it happens.
        </p>
      ) : (
        latest.map((event) => <EventLine key={event.uid} event={event} />)
      )}
    </section>
  );
}

export const EventLine = memo(function EventLine({ event }: { event: FleetEvent }) {
  const { about } = event;
  const resource = resourceOf(about.kind);
  return (
    <div className="grid grid-cols-[46px_14px_minmax(0,1fr)_auto] items-baseline gap-2 py-[3px] text-[12.5px] text-ink-2">
      <span className="text-ink-3">
        <Age time={event.last} />
      </span>
      <i
        className="tile self-center [--tile:12px]"
        data-look={event.type === 'Warning' ? 'failed' : 'quiet'}
        aria-hidden="true"
      />
      <span className="truncate" title={`${event.reason}: ${event.message}`}>
        {resource ? (
          <ShowLink
            className="font-semibold text-ink hover:underline"
            to={{ resource, namespace: about.namespace, name: about.name }}
          >
            {about.name}
          </ShowLink>
        ) : (
          <b className="font-semibold text-ink">{about.name}</b>
        )}{' '}
        {eventInWords(event)}
      </span>
      <span className="text-ink-3">{event.count > 1 ? `× ${event.count}` : ''}</span>
    </div>
  );
});
