'use client';
import type { FleetWorkload } from '@wheelhouse/shared/console/protocol';
import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { plural } from '../words/amounts';
import { type Grip, MOST_REPLICAS, placeAfter, type StripShape, scaleKey, targetAt } from './drag-math';
import { Rope, ropePath } from './rope';
import { cancelHold, type Held, hold, moveTo, release } from './scale-store';

interface ScaleHandleProps {
  readonly workload: FleetWorkload;
  readonly desired: number;
  readonly held: Held | undefined;
  readonly room: number | undefined;
  /** Tiles in the strip now, ghosts included. */
  readonly slots: number;
  readonly shape: StripShape;
  readonly tile: number;
}

interface Pull {
  readonly grip: Grip;
  readonly from: { readonly x: number; readonly y: number };
  readonly left: number;
  readonly top: number;
}

/** A little taller than its tiles, so that it stands out of any row and covers none. */
const handleSize = (tile: number) => ({ width: tile < 18 ? 11 : 15, height: tile + 8 });

/**
 * The one brass thing: a slider that sits after the last tile. It follows the pointer exactly; keys move it in
 * steps. Nothing is asked of the cluster until it is let go (or Enter is pressed).
 */
export function ScaleHandle({ workload, desired, held, room, slots, shape, tile }: ScaleHandleProps) {
  const [pull, setPull] = useState<Pull>();
  const [offset, setOffset] = useState({ dx: 0, dy: 0 });
  const typed = useRef('');
  const moved = useRef(false);
  /** Taken by the pointer: the ring is for those who came by keys. */
  const [touched, setTouched] = useState(false);

  const size = handleSize(tile);
  const home = positionAfter(slots, shape);
  const left = pull ? pull.left + offset.dx : home.left;
  const top = pull ? pull.top + offset.dy : home.top;
  const target = held?.target ?? desired;

  const take = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    event.currentTarget.focus({ preventScroll: true });
    moved.current = false;
    setTouched(true);
    hold(workload, 'pointer');
    setOffset({ dx: 0, dy: 0 });
    setPull({
      grip: { count: desired, slots, shape },
      from: { x: event.clientX, y: event.clientY },
      ...home,
    });
  };
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (!pull) return;
    const dx = event.clientX - pull.from.x;
    const dy = event.clientY - pull.from.y;
    if (Math.abs(dx) + Math.abs(dy) > 3) moved.current = true;
    const next = targetAt(pull.grip, dx, dy);
    const rows = Math.max(slots, pull.grip.slots) > shape.perRow;
    // One row: the hand may waver, the handle keeps to its line with a little give.
    setOffset({ dx, dy: rows ? dy : dy * 0.12 });
    moveTo(next, 'pointer');
  };
  const letGo = () => {
    if (!pull) return;
    setPull(undefined);
    if (moved.current) release();
    else cancelHold();
  };
  const drop = () => {
    if (!pull) return;
    setPull(undefined);
    cancelHold();
  };
  const press = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const outcome = scaleKey(event.key, { target, typed: typed.current, room });
    if (!outcome || (outcome.do !== 'set' && !held)) return;
    event.preventDefault();
    event.stopPropagation();
    setTouched(false);
    if (outcome.do === 'set') {
      typed.current = outcome.typed;
      if (!held) hold(workload, 'keys');
      moveTo(outcome.target, 'keys');
    } else {
      typed.current = '';
      setPull(undefined);
      if (outcome.do === 'commit') release();
      else cancelHold();
    }
  };
  const leave = () => {
    typed.current = '';
    setTouched(false);
    if (held?.by === 'keys') cancelHold();
  };

  const beyond = room !== undefined && (held?.wanted ?? target) > Math.max(room, desired);
  const more = target - (held?.origin ?? target);
  const end = { x: home.left, y: home.top + size.height / 2 };
  const grip = { x: left + size.width / 2, y: top + size.height / 2 };
  return (
    <>
      {pull && Math.hypot(grip.x - end.x, grip.y - end.y) > shape.pitch ? (
        <Rope path={ropePath(end, grip)} taut={beyond} />
      ) : null}
      <div
        role="slider"
        tabIndex={0}
        data-testid="scale-handle"
        className="handle"
        data-held={held ? true : undefined}
        data-touched={touched || undefined}
        style={{ left, top, ...size }}
        aria-label={`Replicas of ${workload.name}`}
        aria-valuemin={0}
        aria-valuemax={Math.max(target, room ?? Math.min(MOST_REPLICAS, desired + 10))}
        aria-valuenow={target}
        aria-valuetext={valueText(target, held, room)}
        aria-orientation="horizontal"
        title="Drag to scale. Keys: arrows, Page Up and Down, Home, End, or a number; Enter applies, Escape puts back"
        onPointerDown={take}
        onPointerMove={drag}
        onPointerUp={letGo}
        onPointerCancel={drop}
        onLostPointerCapture={drop}
        onKeyDown={press}
        onBlur={leave}
      >
        {held && more !== 0 ? (
          <span
            aria-hidden="true"
            className="pointer-events-none absolute -top-8 rounded-md bg-brass px-1.5 py-0.5 text-[12px] font-semibold text-(--on-brass) shadow-card"
          >
            {more > 0 ? `+${more}` : `−${-more}`}
          </span>
        ) : null}
      </div>
    </>
  );
}

function positionAfter(slots: number, shape: StripShape): { left: number; top: number } {
  const { column, row } = placeAfter(slots, shape.perRow);
  return { left: column * shape.pitch, top: row * shape.rowPitch - 4 };
}

function valueText(target: number, held: Held | undefined, room: number | undefined): string {
  const count = plural(target, 'replica');
  if (!held || held.target === held.origin) return count;
  const limit = room !== undefined && target > room ? `, more than the ${room} that fit` : '';
  return `${count}, was ${held.origin}${limit}. Enter applies, Escape puts back`;
}
