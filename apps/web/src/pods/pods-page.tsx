'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import { memo, useDeferredValue, useMemo, useState } from 'react';
import { useAll } from '../fleet/hooks';
import { Age } from '../ui/age';
import { FilterField, Filters, FilterToggle } from '../ui/filters';
import { Empty, Page } from '../ui/page';
import { ShowLink } from '../ui/show';
import { useUi } from '../ui/ui-store';
import { useWindowedRows } from '../ui/use-windowed-rows';
import { plural } from '../words/amounts';
import { type Look, lookOf, podDetail, podInWords } from '../words/pod-words';

const FILTERS: readonly { readonly id: string; readonly name: string; readonly looks?: readonly Look[] }[] = [
  { id: 'all', name: 'All' },
  { id: 'trouble', name: 'In trouble', looks: ['failed', 'unknown'] },
  { id: 'waiting', name: 'On their way', looks: ['waiting', 'starting'] },
  { id: 'running', name: 'Running', looks: ['running'] },
  { id: 'leaving', name: 'Stopping', looks: ['leaving'] },
];

const ROW = 41;

/** Plain order of characters: names are ASCII, and there may be ten thousand. */
function byPlace(a: FleetPod, b: FleetPod): number {
  const [x, y] = a.namespace === b.namespace ? [a.name, b.name] : [a.namespace, b.namespace];
  return x < y ? -1 : x > y ? 1 : 0;
}

export function PodsPage() {
  const namespace = useUi((state) => state.namespace);
  const pods = useAll('pods', namespace);
  // Ten thousand pods that change all the time: typing and scrolling go before filtering and sorting.
  const settled = useDeferredValue(pods);
  const [typed, setTyped] = useState('');
  const [filter, setFilter] = useState('all');
  const search = useDeferredValue(typed.trim().toLowerCase());
  const rows = useMemo(() => {
    const looks = FILTERS.find(({ id }) => id === filter)?.looks;
    return settled
      .filter(
        (pod) =>
          (!looks || looks.includes(lookOf(pod))) &&
          (!search ||
            pod.name.includes(search) ||
            (pod.node ?? '').includes(search) ||
            (pod.ip ?? '').startsWith(search)),
      )
      .sort(byPlace);
  }, [settled, filter, search]);
  const windowed = useWindowedRows({ count: rows.length, estimate: ROW, enabled: rows.length > 150 });

  return (
    <Page title="Pods" note={plural(pods.length, 'pod')}>
      <Filters>
        <FilterField
          value={typed}
          onChange={setTyped}
          hint="Name, node or address"
          label="Find pods by name, node or address"
        />
        <fieldset className="flex flex-wrap gap-1" aria-label="Which">
          {FILTERS.map(({ id, name }) => (
            <FilterToggle key={id} on={filter === id} onChange={() => setFilter(id)}>
              {name}
            </FilterToggle>
          ))}
        </fieldset>
      </Filters>
      {rows.length === 0 ? (
        <Empty title={pods.length === 0 ? 'No pods here' : 'None fits'}>
          {pods.length === 0
            ? 'Pods appear when a workload asks for them.'
            : 'Loosen the filter to see more.'}
        </Empty>
      ) : (
        <div className="card overflow-hidden">
          <div
            ref={windowed.listRef}
            className="relative"
            style={windowed.rows ? { height: windowed.height } : undefined}
            data-testid="pods-list"
          >
            {(windowed.rows ?? rows.map((_, index) => ({ index, start: undefined }))).map(
              ({ index, start }) => {
                const pod = rows[index];
                return pod ? (
                  <div
                    key={pod.uid}
                    className={start === undefined ? undefined : 'absolute inset-x-0 top-0'}
                    style={start === undefined ? undefined : { transform: `translateY(${start}px)` }}
                  >
                    <Row pod={pod} />
                  </div>
                ) : null;
              },
            )}
          </div>
        </div>
      )}
    </Page>
  );
}

const Row = memo(function Row({ pod }: { pod: FleetPod }) {
  return (
    <ShowLink
      to={{ resource: 'pods', namespace: pod.namespace, name: pod.name }}
      className="grid h-[41px] grid-cols-[18px_minmax(0,5fr)_minmax(0,4fr)] items-center gap-3 border-b border-line px-4 text-[13px] hover:bg-(--wash) md:grid-cols-[18px_minmax(0,5fr)_minmax(0,5fr)_110px_60px_56px]"
      title={podDetail(pod)}
    >
      <i className="tile [--tile:15px]" data-look={lookOf(pod)} aria-hidden="true" />
      <span className="truncate">
        <b className="font-medium text-ink">{pod.name}</b> <span className="text-ink-3">{pod.namespace}</span>
      </span>
      <span className="truncate text-ink-2">{podInWords(pod)}</span>
      <span className="mono hidden truncate text-ink-3 md:block">{pod.ip ?? '–'}</span>
      <span className="hidden text-ink-3 md:block" title="Restarts">
        {pod.restarts > 0 ? `↻ ${pod.restarts}` : ''}
      </span>
      <span className="hidden text-right text-ink-3 md:block">
        <Age time={pod.created} />
      </span>
    </ShowLink>
  );
});
