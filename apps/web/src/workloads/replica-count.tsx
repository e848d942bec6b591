import type { Held } from '../scale/scale-store';

/** `4`, `2/3` while some are still to come, `3 → 8` in the hand: the last number is always what is wanted. */
export function ReplicaCount({
  ready,
  desired,
  held,
}: {
  ready: number;
  desired: number;
  held: Held | undefined;
}) {
  return (
    <output
      data-testid="replica-count"
      className="text-[22px] leading-none font-[640] tracking-[-0.02em] whitespace-nowrap"
    >
      {held && held.target !== held.origin ? (
        <>
          <span className="font-medium text-ink-3">{held.origin} → </span>
          <span className="text-brass-ink">{held.target}</span>
        </>
      ) : ready === desired ? (
        desired
      ) : (
        <>
          {ready}
          <span className="font-medium text-ink-3">/{desired}</span>
        </>
      )}
    </output>
  );
}
