'use client';
import { useDeferredValue, useMemo, useState } from 'react';
import { useAll } from '../fleet/hooks';
import { FilterField, Filters, FilterToggle } from '../ui/filters';
import { Empty, Page } from '../ui/page';
import { useUi } from '../ui/ui-store';
import { EventLine } from './happening';
import { byLatest } from './latest';

const MOST = 300;

export function EventsPage() {
  const namespace = useUi((state) => state.namespace);
  const events = useAll('events', namespace);
  const [typed, setTyped] = useState('');
  const [warnings, setWarnings] = useState(false);
  const search = useDeferredValue(typed.trim().toLowerCase());
  const lines = useMemo(
    () =>
      byLatest(events)
        .filter(
          (event) =>
            (!warnings || event.type === 'Warning') &&
            (!search ||
              `${event.about.name} ${event.reason} ${event.message}`.toLowerCase().includes(search)),
        )
        .slice(0, MOST),
    [events, search, warnings],
  );
  return (
    <Page title="Events" note="What the cluster does, as it happens; the latest are kept for a while">
      <Filters>
        <FilterField
          value={typed}
          onChange={setTyped}
          hint="Name, reason or text"
          label="Find events by name, reason or text"
        />
        <FilterToggle on={warnings} onChange={setWarnings}>
          Only warnings
        </FilterToggle>
      </Filters>
      {lines.length === 0 ? (
        <Empty title="Quiet">What the cluster does appears here as it happens.</Empty>
      ) : (
        <div className="card px-5 py-3" data-testid="events">
          {lines.map((event) => (
            <EventLine key={event.uid} event={event} />
          ))}
        </div>
      )}
    </Page>
  );
}
