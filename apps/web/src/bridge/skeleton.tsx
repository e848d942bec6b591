'use client';
import { Wheel } from '../shell/wheel';

/** Before the first snapshot: nothing is known yet, and nothing is pretended. */
export function Skeleton() {
  return (
    <div className="grid h-full place-items-center">
      <p className="flex flex-col items-center gap-3 text-ink-3" role="status">
        <Wheel size={34} className="turning text-brass" />
        Looking at your cluster…
      </p>
    </div>
  );
}
