/** How a strip of tiles is laid out: all lengths in pixels. */
export interface StripShape {
  /** Tiles in a full row. */
  readonly perRow: number;
  /** From one tile's left edge to the next one's. */
  readonly pitch: number;
  readonly rowPitch: number;
}

export interface Grip {
  /** Replicas when the handle was taken. */
  readonly count: number;
  /** Tiles that stood in the strip then; the handle sat after the last. */
  readonly slots: number;
  readonly shape: StripShape;
}

/** Far more than any cluster runs of one thing; keeps a slip of the hand from asking for a million. */
export const MOST_REPLICAS = 20_000;

/** Column and row of the place after `slots` tiles. A full row keeps the handle at its own end. */
export function placeAfter(slots: number, perRow: number): { column: number; row: number } {
  if (slots === 0) return { column: 0, row: 0 };
  const row = Math.floor((slots - 1) / perRow);
  return { column: slots - row * perRow, row };
}

/**
 * The replicas that the hand asks for, after moving by (dx, dy) from where it took the handle: one more for each
 * tile's width. Beyond the strip's right edge it goes on counting, and gains speed gently. Where the strip has
 * several rows, moving down by a row is a whole row more.
 *
 * Example: 3 replicas, pitch 32: dx = 160 is 8; dx = -64 is 1; dx = -500 is 0.
 */
export function targetAt(grip: Grip, dx: number, dy: number): number {
  const { count, slots, shape } = grip;
  const { column, row } = placeAfter(slots, shape.perRow);
  const toEdge = (shape.perRow - column) * shape.pitch;
  const inside = Math.min(dx, toEdge) / shape.pitch;
  const beyond = Math.max(0, dx - toEdge) / shape.pitch;
  const steps = inside + beyond + (beyond * beyond) / 40;
  const rows = row > 0 || slots + steps > shape.perRow ? wholeRows(dy / shape.rowPitch) : 0;
  return clamp(Math.round(count + steps + rows * shape.perRow));
}

/** A hand is never quite level: three quarters of a row must be crossed before a row counts. */
function wholeRows(rows: number): number {
  return Math.sign(rows) * Math.floor(Math.abs(rows) + 0.25);
}

export function clamp(target: number, most = MOST_REPLICAS): number {
  return Math.min(most, Math.max(0, target));
}

/**
 * Where a hand that asks for `wanted` is stopped: at what fits, or at what there is where that is more already.
 * `room` is undefined while no limit is known; then nothing stops it.
 *
 * Example: 3 replicas, room for 11: 8 is 8, 37 is 11. With 14 replicas, 20 is 14.
 */
export function softStop(wanted: number, origin: number, room: number | undefined): number {
  return room === undefined ? wanted : Math.min(wanted, Math.max(room, origin));
}

export type ScaleKey =
  | { readonly do: 'set'; readonly target: number; readonly typed: string }
  | { readonly do: 'commit' }
  | { readonly do: 'cancel' };

/**
 * What a key means on the handle. `typed` are the digits typed so far; `room` is the number of replicas known
 * to fit, where End goes.
 */
export function scaleKey(
  key: string,
  state: { readonly target: number; readonly typed: string; readonly room: number | undefined },
): ScaleKey | undefined {
  const set = (target: number, typed = ''): ScaleKey => ({ do: 'set', target: clamp(target), typed });
  switch (key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return set(state.target + 1);
    case 'ArrowLeft':
    case 'ArrowDown':
      return set(state.target - 1);
    case 'PageUp':
      return set(state.target + 5);
    case 'PageDown':
      return set(state.target - 5);
    case 'Home':
      return set(0);
    case 'End':
      return set(state.room ?? state.target + 10);
    case 'Enter':
      return { do: 'commit' };
    case 'Escape':
      return { do: 'cancel' };
    case 'Backspace': {
      const typed = state.typed.slice(0, -1);
      return typed ? set(Number(typed), typed) : undefined;
    }
  }
  if (!/^[0-9]$/.test(key)) return undefined;
  const typed = `${state.typed}${key}`.slice(0, 5);
  return set(Number(typed), typed);
}
