'use client';
import type { FleetWorkload } from '@wheelhouse/shared/console/protocol';
import { useMemo } from 'react';
import { Part } from '../detail/facts';
import { useAll } from '../fleet/hooks';
import { plural } from '../words/amounts';
import { byName } from '../workloads/model';
import { ClaimLine } from './volumes-part';

const MOST = 100;

/** The claims of a stateful set, of pods that are gone too: they wait for their pod to come back. */
export function ClaimsPart({
  workload,
  templates,
}: {
  workload: FleetWorkload;
  templates: readonly string[];
}) {
  const all = useAll('persistentvolumeclaims', workload.namespace);
  const names = useMemo(() => {
    const prefixes = templates.map((template) => `${template}-${workload.name}-`);
    return all
      .map(({ name }) => name)
      .filter((name) =>
        prefixes.some((prefix) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length))),
      )
      .sort(byName.compare);
  }, [all, templates, workload.name]);
  return (
    <Part title="Claims" note={plural(names.length, 'claim')}>
      <ul className="flex flex-col gap-1.5 text-[13px]" data-testid="claims">
        {names.slice(0, MOST).map((name) => (
          <li key={name}>
            <ClaimLine namespace={workload.namespace} name={name} />
          </li>
        ))}
      </ul>
      {names.length === 0 ? <p className="text-[13px] text-ink-3">None yet.</p> : null}
    </Part>
  );
}
