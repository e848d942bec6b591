'use client';
import type { FleetNode, FleetPod } from '@wheelhouse/shared/console/protocol';
import { memo, useMemo } from 'react';
import { useDrain } from '../drain/drain-store';
import { fleet } from '../fleet/connection';
import { useFleetSet } from '../fleet/hooks';
import { CountedGroup } from '../pods/counted-group';
import { PodTile } from '../pods/pod-tile';
import { useScale } from '../scale/scale-store';
import { ShowLink } from '../ui/show';
import { useUi } from '../ui/ui-store';
import { useWidth } from '../ui/use-width';
import { useNodeUsage } from '../usage/use-usage';
import { bytesOf, cpus, plural } from '../words/amounts';
import { type Look, lookOf } from '../words/pod-words';
import { nodeTileSize } from './node-tile-size';
import { UsageBar } from './usage-bar';

/** Following the hand over other cards costs a redraw of every tile: only while there are few. */
const FOLLOW_UP_TO = 40;

/** A node: how full it is, and the pods on it, with ghosts where pods would come. */
export const NodeCard = memo(function NodeCard({ node }: { node: FleetNode }) {
  const all = useFleetSet<'pods'>(`node:${node.name}`);
  const pods = useMemo(() => all.filter(({ phase }) => phase !== 'Succeeded' && phase !== 'Failed'), [all]);
  const scaled = useScale((state) => state.preview?.byNode.get(node.name) ?? 0);
  const drained = useDrain((state) => state.plan?.byNode.get(node.name) ?? 0);
  const leaving = useDrain((state) => state.plan?.node === node.name);
  const ghosts = scaled + drained;
  const usage = useNodeUsage(node.name);
  const each = useScale((state) => state.held?.workload);
  const used = useMemo(() => sum(pods), [pods]);
  const heldUid = each?.uid;
  const hovered = useUi((state) => (pods.length <= FOLLOW_UP_TO ? state.focus : undefined));

  return (
    <article
      className="card px-[15px] pt-[13px] pb-3.5"
      data-testid={`node-${node.name}`}
      data-held={leaving || undefined}
      aria-label={`Node ${node.name}`}
      style={{ contentVisibility: 'auto', containIntrinsicSize: 'auto 130px' }}
    >
      <header className="mb-2 flex items-baseline gap-2">
        <h3 className="min-w-0 truncate text-[15px] font-[620] tracking-[-0.01em]">
          <ShowLink
            to={{ resource: 'nodes', name: node.name }}
            className="hover:underline hover:decoration-line-strong hover:underline-offset-4"
          >
            {node.name}
          </ShowLink>
        </h3>
        {node.zone ? <span className="truncate text-[12px] text-ink-3">{node.zone}</span> : null}
        <span className="flex-1" />
        <NodeTag node={node} used={used} count={pods.length} />
      </header>
      <UsageBar
        name="CPU"
        used={used.cpu}
        extra={scaled * (each?.cpu ?? 0)}
        now={usage?.cpu}
        total={node.cpu}
        text={node.cpu === undefined ? '–' : `${cpus(used.cpu)} of ${cpus(node.cpu)}`}
      />
      <UsageBar
        name="Mem"
        used={used.memory}
        extra={scaled * (each?.memory ?? 0)}
        now={usage?.memory}
        total={node.memory}
        text={node.memory === undefined ? '–' : bytesOf(used.memory, node.memory)}
      />
      <NodePods pods={pods} ghosts={ghosts} node={node.name} focus={heldUid ?? hovered} />
    </article>
  );
});

function NodeTag({
  node,
  used,
  count,
}: {
  node: FleetNode;
  used: { cpu: number; memory: number };
  count: number;
}) {
  if (node.ready !== 'True') {
    return (
      <span className="tag" data-tone="bad" title={node.readyMessage}>
        {node.ready === 'False' ? 'not ready' : 'not heard of'}
      </span>
    );
  }
  const word = node.unschedulable
    ? 'cordoned'
    : node.pressures.includes('MemoryPressure')
      ? 'short of memory'
      : node.pressures.includes('DiskPressure')
        ? 'short of disk'
        : node.memory && used.memory / node.memory > 0.95
          ? 'memory full'
          : node.cpu && used.cpu / node.cpu > 0.95
            ? 'CPU full'
            : undefined;
  return word ? (
    <span className="tag" data-tone="attention">
      {word}
    </span>
  ) : (
    <span className="tag">{plural(count, 'pod')}</span>
  );
}

interface NodePodsProps {
  readonly pods: readonly FleetPod[];
  readonly ghosts: number;
  readonly node: string;
  /** The workload that is looked at; the pods of others are drawn quietly. */
  readonly focus: string | undefined;
}

function NodePods({ pods, ghosts, node, focus }: NodePodsProps) {
  const { ref, width } = useWidth<HTMLDivElement>('node');
  const size = width === 0 ? undefined : nodeTileSize(pods.length + ghosts, width);
  const shownGhosts = Math.min(ghosts, 60);
  return (
    <div ref={ref} className="mt-3 flex min-h-[20px] flex-wrap" style={{ gap: size?.gap ?? 6 }}>
      {size
        ? pods.map((pod) => (
            <PodTile
              key={pod.uid}
              pod={pod}
              size={size.tile}
              testId={`node-pod-${pod.name}`}
              quiet={focus !== undefined && fleet.workloadOf(pod) !== focus}
            />
          ))
        : width > 0
          ? groups(pods).map(([look, count]) => (
              <CountedGroup key={look} look={look} count={count} size={14} />
            ))
          : null}
      {Array.from({ length: shownGhosts }, (_, index) => (
        <i
          // biome-ignore lint/suspicious/noArrayIndexKey: places are their index
          key={index}
          className="tile"
          data-look="ghost"
          data-testid="ghost-pod"
          data-node={node}
          style={{ '--tile': `${size?.tile ?? 14}px` } as React.CSSProperties}
        />
      ))}
      {pods.length + ghosts === 0 && width > 0 ? (
        <span className="text-[12.5px] text-ink-3">No pods here yet</span>
      ) : null}
    </div>
  );
}

function groups(pods: readonly FleetPod[]): [Look, number][] {
  const counts = new Map<Look, number>();
  for (const pod of pods) counts.set(lookOf(pod), (counts.get(lookOf(pod)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function sum(pods: readonly FleetPod[]): { cpu: number; memory: number } {
  let cpu = 0;
  let memory = 0;
  for (const pod of pods) {
    cpu += pod.cpu;
    memory += pod.memory;
  }
  return { cpu, memory };
}
