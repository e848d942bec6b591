'use client';
import { useDeferredValue, useMemo, useState } from 'react';
import { useAll } from '../fleet/hooks';
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
      <div className="mb-3 flex flex-wrap gap-2">
        <input
          className="field w-[260px]"
          type="search"
          placeholder="Name, reason or text"
          aria-label="Find events by name, reason or text"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button
          type="button"
          className={`button ${warnings ? 'border-line-strong! bg-raised!' : 'text-ink-3!'}`}
          aria-pressed={warnings}
          onClick={() => setWarnings(!warnings)}
        >
          Only warnings
        </button>
      </div>
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
