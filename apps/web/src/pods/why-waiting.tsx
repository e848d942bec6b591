'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import type { SchedulingExplanation } from '@wheelhouse/shared/scheduling/scheduling-explanation';
import { useEffect, useState } from 'react';
import { callApi } from '../api/call-api';
import { pathOf } from '../api/paths';
import { Part } from '../detail/facts';

/** Why no node takes it, node by node, and the least that would change that. */
export function WhyWaiting({ pod }: { pod: FleetPod }) {
  const [explanation, setExplanation] = useState<SchedulingExplanation['status']>();
  const path = `${pathOf(pod)}/schedulingexplanation`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new verdict is the reason to ask again
  useEffect(() => {
    const abort = new AbortController();
    callApi(path, { signal: abort.signal }).then(
      // The path names the kind of the answer.
      (answer) => setExplanation((answer as SchedulingExplanation).status),
      // Another scheduler may decide here, which explains nothing; the message above stands then.
      () => setExplanation(undefined),
    );
    return () => abort.abort();
  }, [path, pod.unscheduled]);
  if (!explanation) return null;
  return (
    <Part title="Why it waits">
      <p className="text-[13px] text-ink-2">{explanation.summary}</p>
      {explanation.smallestChange ? (
        <p className="mt-1 text-[13px] font-semibold">It {explanation.smallestChange.text}.</p>
      ) : null}
      <ul className="mt-2 flex flex-col gap-1 text-[13px]">
        {explanation.nodes
          .filter(({ fits }) => !fits)
          .slice(0, 12)
          .map(({ node, refusals }) => (
            <li key={node} className="grid grid-cols-[110px_minmax(0,1fr)] gap-2">
              <b className="truncate font-medium">{node}</b>
              <span className="text-ink-3">{refusals.flatMap(({ reasons }) => reasons).join(', ')}</span>
            </li>
          ))}
      </ul>
    </Part>
  );
}
