'use client';
import type { FleetNode } from '@wheelhouse/shared/console/protocol';
import { useMemo } from 'react';
import { NodeCard } from './node-card';
import { NodeChart } from './node-chart';

/** So many nodes are cards; a larger fleet becomes a chart, with a card for each node that needs a look. */
const CARDS_UP_TO = 24;

export function NodeBoard({ nodes }: { nodes: readonly FleetNode[] }) {
  const sorted = useMemo(() => [...nodes].sort((a, b) => collator.compare(a.name, b.name)), [nodes]);
  const large = sorted.length > CARDS_UP_TO;
  const cards = large ? sorted.filter((node) => node.ready !== 'True').slice(0, 8) : sorted;
  if (nodes.length === 0) {
    return (
      <div className="card p-5 text-ink-2">
        <h3 className="text-[15px] font-[620] text-ink">No node has joined yet</h3>
        <p className="mt-1">
          Pods wait until one does. On another machine:{' '}
          <code className="mono">npx wheelhouse agent --join …</code>
        </p>
      </div>
    );
  }
  return (
    <>
      {large ? <NodeChart nodes={sorted} /> : null}
      <div className="grid grid-cols-[repeat(auto-fill,minmax(min(270px,100%),1fr))] gap-3.5">
        {cards.map((node) => (
          <NodeCard key={node.name} node={node} />
        ))}
      </div>
    </>
  );
}

/** node-2 before node-10. */
const collator = new Intl.Collator('en', { numeric: true });
