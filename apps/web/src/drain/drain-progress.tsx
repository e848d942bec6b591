'use client';
import { type DrainRun, forgetRun, type MoveState, stopDrain } from './drain-store';

const WORDS: Readonly<Record<MoveState, string>> = {
  waiting: 'not asked yet',
  asked: 'asked to leave, stopping',
  held: 'held back by a budget; tried again',
  gone: 'has left',
  failed: 'could not be evicted',
};

const LOOKS: Readonly<Record<MoveState, string>> = {
  waiting: 'quiet',
  asked: 'leaving',
  held: 'waiting',
  gone: 'done',
  failed: 'failed',
};

/** How far a drain is, pod by pod. */
export function DrainProgress({ run }: { run: DrainRun }) {
  const pods = [...run.pods];
  const left = pods.filter(([, { state }]) => state === 'gone').length;
  const share = pods.length === 0 ? 1 : left / pods.length;
  return (
    <div data-testid="drain-progress">
      <p className="mb-2 flex items-baseline gap-3 text-[14px] font-semibold" aria-live="polite">
        <span className="flex-1">
          {run.ended && left === pods.length
            ? `${run.node} is empty, and cordoned.`
            : `${left} of ${pods.length} have left.`}
        </span>
        {run.ended ? (
          <button type="button" className="button" onClick={() => forgetRun(run.node)}>
            Look again
          </button>
        ) : (
          <button type="button" className="button" onClick={() => stopDrain(run.node)}>
            Stop
          </button>
        )}
      </p>
      <span
        className="track mb-5 block"
        role="progressbar"
        aria-label={`Drain of ${run.node}`}
        aria-valuemin={0}
        aria-valuemax={pods.length}
        aria-valuenow={left}
      >
        <i style={{ transform: `scaleX(${share})`, background: 'var(--run)' }} />
      </span>
      <ul className="flex flex-col gap-1.5 text-[13px]">
        {pods.map(([key, { state, why }]) => (
          <li key={key} className="grid grid-cols-[18px_minmax(0,1fr)_minmax(0,1fr)] items-baseline gap-2.5">
            <i className="tile self-center [--tile:14px]" data-look={LOOKS[state]} aria-hidden="true" />
            <span className="truncate">{key}</span>
            <span className={state === 'failed' ? 'text-fail-ink' : 'text-ink-3'} title={why}>
              {WORDS[state]}
              {state === 'failed' && why ? `: ${why}` : ''}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
