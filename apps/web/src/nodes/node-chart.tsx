'use client';
import type { FleetNode } from '@wheelhouse/shared/console/protocol';
import { memo, useMemo } from 'react';
import { useDrain } from '../drain/drain-store';
import { useFleetSet } from '../fleet/hooks';
import { useScale } from '../scale/scale-store';
import { ShowLink } from '../ui/show';

/** A large fleet as a chart: one vessel a node, filled as far as it is loaded. */
export function NodeChart({ nodes }: { nodes: readonly FleetNode[] }) {
  return (
    <div className="card mb-3.5 flex flex-wrap gap-1.5 p-3.5" data-testid="node-chart">
      {nodes.map((node) => (
        <Vessel key={node.name} node={node} />
      ))}
    </div>
  );
}

const Vessel = memo(function Vessel({ node }: { node: FleetNode }) {
  const pods = useFleetSet<'pods'>(`node:${node.name}`);
  const scaled = useScale((state) => state.preview?.byNode.get(node.name) ?? 0);
  const drained = useDrain((state) => state.plan?.byNode.get(node.name) ?? 0);
  const ghosts = scaled + drained;
  const { share, failing } = useMemo(() => load(node, pods), [node, pods]);
  const label = `${node.name}: ${Math.round(share * 100)} % requested, ${pods.length} on it${
    node.ready === 'True' ? '' : ', not ready'
  }`;
  return (
    <ShowLink
      to={{ resource: 'nodes', name: node.name }}
      data-testid={`node-${node.name}`}
      data-ready={node.ready}
      aria-label={label}
      title={label}
      className="vessel"
      style={{ '--load': share } as React.CSSProperties}
    >
      {ghosts > 0 ? (
        <i className="vessel-ghosts" data-testid="ghost-pod" data-node={node.name}>
          {ghosts}
        </i>
      ) : failing > 0 ? (
        <i className="vessel-failing" aria-hidden="true" />
      ) : null}
    </ShowLink>
  );
});

function load(
  node: FleetNode,
  pods: readonly { cpu: number; memory: number; trouble?: unknown }[],
): { share: number; failing: number } {
  let cpu = 0;
  let memory = 0;
  let failing = 0;
  for (const pod of pods) {
    cpu += pod.cpu;
    memory += pod.memory;
    if (pod.trouble) failing += 1;
  }
  const share = Math.max(
    node.cpu ? cpu / node.cpu : 0,
    node.memory ? memory / node.memory : 0,
    node.pods ? pods.length / node.pods : 0,
  );
  return { share: Math.min(1, share), failing };
}
