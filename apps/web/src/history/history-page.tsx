'use client';
import { useDeferredValue, useState } from 'react';
import { FilterChoice, FilterField, Filters, FilterToggle } from '../ui/filters';
import { Page } from '../ui/page';
import { useUi } from '../ui/ui-store';
import { HistoryList } from './history-list';

const VERBS = ['create', 'update', 'patch', 'delete', 'bind', 'evict'];
const RESOURCES = [
  'deployments',
  'replicationcontrollers',
  'replicasets',
  'statefulsets',
  'daemonsets',
  'jobs',
  'cronjobs',
  'pods',
  'services',
  'nodes',
  'configmaps',
  'secrets',
  'horizontalpodautoscalers',
  'poddisruptionbudgets',
  'persistentvolumeclaims',
  'customresourcedefinitions',
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
      <Filters>
        <FilterField value={user} onChange={setUser} hint="By whom" width="150px" />
        <FilterChoice
          value={verb}
          onChange={setVerb}
          options={VERBS}
          any="Anything done"
          label="What was done"
        />
        <FilterChoice
          value={resource}
          onChange={setResource}
          options={RESOURCES}
          any="To any kind"
          label="To what kind"
        />
        <FilterField value={name} onChange={setName} hint="Named exactly" width="190px" />
        <FilterToggle on={people} onChange={setPeople}>
          Only people
        </FilterToggle>
      </Filters>
      <div className="card px-5 py-2">
        <HistoryList filter={filter} />
      </div>
    </Page>
  );
}
