'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import { Part } from '../detail/facts';
import { ShowLink } from '../ui/show';
import { useExplanation } from './use-explanation';

const SHOWN = 24;

/** Why no node takes it, node by node, and what would change that: for each node, and the least of all. */
export function WhyWaiting({ pod }: { pod: FleetPod }) {
  const explanation = useExplanation(pod);
  if (!explanation) return null;
  const { smallestChange } = explanation;
  const refusing = explanation.nodes.filter(({ fits }) => !fits);
  const more = Math.max(0, refusing.length - SHOWN) + explanation.nodesOmitted;
  return (
    <Part title="Why it waits">
      <div data-testid="why-waiting">
        <p className="text-[13px] text-ink-2">{explanation.summary}</p>
        {smallestChange ? (
          <p className="mt-1 text-[13px] font-semibold" data-testid="smallest-change">
            It {smallestChange.text}.
          </p>
        ) : null}
        <ul className="mt-2.5 flex flex-col gap-1.5 text-[13px]">
          {refusing.slice(0, SHOWN).map(({ node, refusals, change }) => (
            <li key={node} className="grid grid-cols-[110px_minmax(0,1fr)] gap-2">
              <ShowLink
                className="truncate font-medium hover:underline"
                to={{ resource: 'nodes', name: node }}
              >
                {node}
              </ShowLink>
              <span className="text-ink-3">
                {refusals.flatMap(({ reasons }) => reasons).join(', ')}
                {/* The least of all stands above already. */}
                {change && node !== smallestChange?.node ? (
                  <span className="block text-ink-2">It {change}.</span>
                ) : null}
              </span>
            </li>
          ))}
        </ul>
        {more > 0 ? <p className="mt-2 text-[12.5px] text-ink-3">and {more} more nodes</p> : null}
      </div>
    </Part>
  );
}
