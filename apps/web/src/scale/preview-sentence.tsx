'use client';
import { plural } from '../words/amounts';
import { boundsInWords } from './autoscaled';
import type { Preview } from './preview';
import type { Held } from './scale-store';

/** The line under the strip while the handle is held: what would happen, before it does. */
export function PreviewSentence({ held, preview }: { held: Held; preview: Preview | undefined }) {
  const more = held.target - held.origin;
  return (
    <p className="min-h-[38px] text-[12.5px] leading-[1.55] text-ink-2" aria-live="polite">
      {held.autoscaler ? (
        <b className="mr-1 font-semibold text-brass-ink">{boundsInWords(held.autoscaler, held.target)}</b>
      ) : null}
      {held.wanted === held.origin ? (
        <>Drag to the right for more, to the left for fewer. Escape puts everything back.</>
      ) : null}
      {more < 0 && !held.autoscaler ? (
        <>
          <b className="font-semibold text-ink">{plural(-more, 'pod')} would leave.</b>{' '}
          {held.target === 0
            ? 'Nothing of it would run.'
            : 'Each is asked to stop, and has its time to finish.'}
        </>
      ) : null}
      {held.wanted > held.origin ? <Growth held={held} preview={preview} more={more} /> : null}
    </p>
  );
}

function Growth({ held, preview, more }: { held: Held; preview: Preview | undefined; more: number }) {
  if (!preview) return <b className="font-semibold text-ink">{more} more.</b>;
  const places = [...preview.byNode].filter(([, count]) => count > 0);
  const shown = places.slice(0, 4).map(([node, count]) => `${count} on ${node}`);
  const rest = places.slice(4).reduce((sum, [, count]) => sum + count, 0);
  if (rest > 0) shown.push(`${rest} on ${plural(places.length - 4, 'other')}`);
  const over = preview.room !== undefined && held.wanted > preview.room;
  return (
    <>
      <b className="font-semibold text-ink">
        {preview.fitting > 0
          ? `${preview.fitting} more ${preview.fitting === 1 ? 'fits' : 'fit'}`
          : 'No more fit'}
        {shown.length > 0 ? ':' : '.'}
      </b>{' '}
      {shown.length > 0 ? `${shown.join(', ')}. ` : ''}
      {preview.evicted > 0 ? (
        <span className="font-semibold text-fail-ink">
          {plural(preview.evicted, 'less important pod')} of others would have to leave.{' '}
        </span>
      ) : null}
      {preview.room !== undefined ? (
        <span className="font-semibold text-brass-ink">Room for {preview.room}. </span>
      ) : null}
      {preview.limit ? (
        <span className={over ? 'font-bold text-fail-ink' : undefined} data-testid="limit">
          Beyond that, {preview.limit}.
        </span>
      ) : null}
      {over && held.by === 'pointer' ? ' Type a number to ask for more all the same.' : null}
    </>
  );
}
