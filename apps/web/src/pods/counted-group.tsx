import { figure } from '../words/amounts';
import type { Look } from '../words/pod-words';

const NAMES: Readonly<Record<Look | 'asked' | 'ghost' | 'beyond', string>> = {
  running: 'running',
  starting: 'not ready',
  waiting: 'waiting',
  failed: 'failing',
  done: 'finished',
  leaving: 'leaving',
  unknown: 'unknown',
  asked: 'to come',
  ghost: 'more',
  beyond: 'do not fit',
};

interface CountedGroupProps {
  readonly look: keyof typeof NAMES;
  readonly count: number;
  readonly size?: number;
}

/** Many pods of one state as one mark with a number: what tiles become when they would be too small to see. */
export function CountedGroup({ look, count, size = 18 }: CountedGroupProps) {
  return (
    <span
      data-testid={`group-${look}`}
      className="inline-flex items-center gap-2 rounded-lg border border-line bg-sea py-1 pr-2.5 pl-2 text-[12.5px] text-ink-2"
    >
      <i
        className="tile"
        data-look={look}
        style={{ '--tile': `${size}px` } as React.CSSProperties}
        aria-hidden="true"
      />
      <b className="font-semibold text-ink">{figure(count)}</b>
      {NAMES[look]}
    </span>
  );
}
