'use client';
import type { FleetPod, FleetWorkload } from '@wheelhouse/shared/console/protocol';
import { useRef } from 'react';
import { CountedGroup } from '../pods/counted-group';
import { PodTile } from '../pods/pod-tile';
import { useWidth } from '../ui/use-width';
import { type Look, lookOf } from '../words/pod-words';
import { isScalable } from '../workloads/model';
import type { Preview } from './preview';
import { ScaleHandle } from './scale-handle';
import type { Held } from './scale-store';
import { planStrip } from './strip-plan';
import { perRowOf, type TileSize, tileSizeFor } from './tile-sizes';

interface PodStripProps {
  readonly workload: FleetWorkload;
  readonly pods: readonly FleetPod[];
  readonly desired: number;
  readonly held: Held | undefined;
  readonly preview: Preview | undefined;
}

const HANDLE_SPACE = 24;
/** More ghosts than this are a number; the hand still counts on. */
const MOST_GHOSTS = 80;
/** Tiles in the merged form stand for nothing single; the hand needs a step all the same. */
const MERGED: TileSize = { tile: 26, gap: 6 };
const ORDER: readonly Look[] = ['running', 'starting', 'waiting', 'failed', 'unknown', 'done', 'leaving'];

/** A workload's pods as tiles, with places for those to come, and the handle after the last. */
export function PodStrip({ workload, pods, desired, held, preview }: PodStripProps) {
  const room = preview?.room;
  const leaving = preview?.leaving;
  const { ref, width } = useWidth<HTMLDivElement>('strip');
  const plan = planStrip(pods, { desired, target: held?.target, room, leaving });
  const idle = planStrip(pods, { desired, target: undefined, room: undefined });
  const usable = Math.max(0, width - HANDLE_SPACE);
  const fitting = tileSizeFor(pods.length + idle.asked, usable);
  // Tiles keep their size under the hand: a pitch that changed would move the target.
  const frozen = useRef<TileSize | undefined>(fitting);
  if (!held) frozen.current = fitting;
  const size = held ? frozen.current : fitting;
  const merged = size === undefined;
  const { tile, gap } = size ?? MERGED;
  const perRow = perRowOf({ tile, gap }, usable);
  const shape = { perRow, pitch: tile + gap, rowPitch: tile + gap };
  const extra = plan.asked + plan.ghosts + plan.beyond;
  const drawn = Math.min(extra, MOST_GHOSTS);

  return (
    <div ref={ref} className="relative my-[11px] min-h-[26px]">
      {width === 0 ? null : merged ? (
        <div className="flex flex-wrap items-center gap-1.5" style={{ paddingRight: HANDLE_SPACE }}>
          <MergedPods pods={pods} />
          {plan.asked > 0 ? <CountedGroup look="asked" count={plan.asked} /> : null}
          {plan.ghosts > 0 ? <CountedGroup look="ghost" count={plan.ghosts} /> : null}
          {plan.beyond > 0 ? <CountedGroup look="beyond" count={plan.beyond} /> : null}
        </div>
      ) : (
        <div className="flex flex-wrap" style={{ gap, width: perRow * (tile + gap) - gap }}>
          {pods.map((pod) => (
            <PodTile
              key={pod.uid}
              pod={pod}
              size={tile}
              testId={`pod-${pod.name}`}
              going={plan.going.has(pod.name)}
            />
          ))}
          {ghostLooks(plan, drawn).map((look, index) => (
            <i
              // biome-ignore lint/suspicious/noArrayIndexKey: places are their index
              key={index}
              className="tile"
              data-look={look}
              data-testid={look === 'asked' ? 'asked-pod' : 'coming-pod'}
              style={{ '--tile': `${tile}px`, '--edge': tile < 14 ? '1px' : '1.6px' } as React.CSSProperties}
            />
          ))}
          {extra > drawn ? (
            <span className="ml-1 text-[13px] font-semibold text-brass-ink">+{extra - drawn}</span>
          ) : null}
        </div>
      )}
      {width === 0 || !isScalable(workload) ? null : (
        <ScaleHandle
          workload={workload}
          desired={desired}
          held={held}
          room={room}
          slots={merged ? perRow : pods.length + drawn}
          shape={shape}
          tile={tile}
        />
      )}
    </div>
  );
}

function ghostLooks(plan: { asked: number; ghosts: number; beyond: number }, drawn: number) {
  return Array.from({ length: drawn }, (_, index) =>
    index < plan.asked ? 'asked' : index < plan.asked + plan.ghosts ? 'ghost' : 'beyond',
  );
}

/** Groups by state; the few that are in trouble stay single, so that they can be opened. */
function MergedPods({ pods }: { pods: readonly FleetPod[] }) {
  const groups = new Map<Look, FleetPod[]>();
  for (const pod of pods) {
    const look = lookOf(pod);
    const group = groups.get(look);
    if (group) group.push(pod);
    else groups.set(look, [pod]);
  }
  return ORDER.flatMap((look) => {
    const group = groups.get(look);
    if (!group) return [];
    if (look === 'failed' && group.length <= 12) {
      return group.map((pod) => <PodTile key={pod.uid} pod={pod} size={18} testId={`pod-${pod.name}`} />);
    }
    return [<CountedGroup key={look} look={look} count={group.length} />];
  });
}
