'use client';
import { useDeferredValue, useState } from 'react';
import { Page } from '../ui/page';
import { useUi } from '../ui/ui-store';
import { HistoryList } from './history-list';

const VERBS = ['create', 'update', 'patch', 'delete', 'bind', 'evict'];
const RESOURCES = [
  'deployments',
  'replicationcontrollers',
  'replicasets',
  'pods',
  'services',
  'nodes',
  'configmaps',
  'secrets',
  'namespaces',
];

export function HistoryPage() {
  const namespace = useUi((state) => state.namespace);
  const [user, setUser] = useState('');
  const [name, setName] = useState('');
  const [verb, setVerb] = useState('');
  const [resource, setResource] = useState('');
  const [people, setPeople] = useState(true);
  const filter = useDeferredValue({
    namespace,
    user,
    name,
    verb,
    resource,
    without: people && !user ? ('system' as const) : undefined,
  });
  return (
    <Page title="History" note="Every change through the API: who, when, what">
      <div className="mb-3 flex flex-wrap gap-2">
        <input
          className="field w-[150px]"
          placeholder="By whom"
          aria-label="By whom"
          value={user}
          onChange={(event) => setUser(event.target.value)}
        />
        <select
          className="field"
          aria-label="What was done"
          value={verb}
          onChange={(event) => setVerb(event.target.value)}
        >
          <option value="">Anything done</option>
          {VERBS.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <select
          className="field"
          aria-label="To what kind"
          value={resource}
          onChange={(event) => setResource(event.target.value)}
        >
          <option value="">To any kind</option>
          {RESOURCES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <input
          className="field w-[190px]"
          placeholder="Named exactly"
          aria-label="Named exactly"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <button
          type="button"
          className={`button ${people ? 'border-line-strong! bg-raised!' : 'text-ink-3!'}`}
          aria-pressed={people}
          onClick={() => setPeople(!people)}
        >
          Only people
        </button>
      </div>
      <div className="card px-5 py-2">
        <HistoryList filter={filter} />
      </div>
    </Page>
  );
}
