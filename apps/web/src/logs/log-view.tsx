'use client';
import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import { memo, useDeferredValue, useLayoutEffect, useRef, useState } from 'react';
import { figure, plural } from '../words/amounts';
import type { LogChunk, LogLine } from './log-buffer';
import { type LogStream, useLogStream } from './use-log-stream';

/** A container's output as it comes. Scrolling up pauses following; the button, or the end, takes it up again. */
export function LogView({ pod }: { pod: FleetPod }) {
  const [container, setContainer] = useState(pod.containers[0] ?? '');
  const [previous, setPrevious] = useState(false);
  const [wrap, setWrap] = useState(true);
  const [times, setTimes] = useState(false);
  const [typed, setTyped] = useState('');
  const search = useDeferredValue(typed.toLowerCase());
  const stream = useLogStream({ namespace: pod.namespace, pod: pod.name, container, previous });

  return (
    <>
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-5 py-2.5">
        {pod.containers.length > 1 ? (
          <select
            className="field"
            aria-label="Container"
            value={container}
            onChange={(event) => setContainer(event.target.value)}
          >
            {pod.containers.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        ) : null}
        <input
          className="field min-w-[120px] flex-1"
          type="search"
          placeholder="Only lines with…"
          aria-label="Only lines with"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <Toggle on={wrap} set={setWrap} name="Wrap" />
        <Toggle on={times} set={setTimes} name="Times" />
        {pod.restarts > 0 ? <Toggle on={previous} set={setPrevious} name="Before restart" /> : null}
      </div>
      <LogLines stream={stream} search={search} wrap={wrap} times={times} />
    </>
  );
}

function Toggle({ on, set, name }: { on: boolean; set: (on: boolean) => void; name: string }) {
  return (
    <button
      type="button"
      className={`button h-8 px-2.5 text-[12.5px] ${on ? 'border-line-strong! bg-raised!' : 'text-ink-3!'}`}
      aria-pressed={on}
      onClick={() => set(!on)}
    >
      {name}
    </button>
  );
}

interface LinesProps {
  readonly stream: LogStream;
  readonly search: string;
  readonly wrap: boolean;
  readonly times: boolean;
}

function LogLines({ stream, search, wrap, times }: LinesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are the reason to go to the end
  useLayoutEffect(() => {
    const element = scroller.current;
    if (following && element) element.scrollTop = element.scrollHeight;
  }, [stream.chunks, following, search, wrap]);
  const onScroll = () => {
    const element = scroller.current;
    if (element) setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < 24);
  };
  const lines = stream.chunks.reduce((sum, chunk) => sum + chunk.lines.length, 0);
  return (
    <>
      <div
        ref={scroller}
        onScroll={onScroll}
        data-testid="log-lines"
        role="log"
        aria-label="Output"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        className={`min-h-0 flex-1 overflow-auto bg-sea px-5 py-3 font-mono text-[12px] leading-[1.6] ${
          wrap ? 'break-words whitespace-pre-wrap' : 'whitespace-pre'
        }`}
      >
        {stream.dropped > 0 ? (
          <p className="text-ink-3">{figure(stream.dropped)} earlier lines are no longer kept here</p>
        ) : null}
        {stream.chunks.map((chunk) => (
          <Chunk key={chunk.id} chunk={chunk} search={search} times={times} />
        ))}
        {stream.state === 'opening' ? <p className="text-ink-3">Opening…</p> : null}
        {stream.state === 'streaming' && lines === 0 ? (
          <p className="text-ink-3">Nothing written yet.</p>
        ) : null}
        {stream.state === 'ended' ? <p className="pt-1 text-ink-3">— the output ends here —</p> : null}
        {stream.state === 'failed' ? (
          <p className="pt-1 text-fail-ink" role="status">
            {stream.error} Trying again…
          </p>
        ) : null}
      </div>
      <div className="flex items-center gap-3 border-t border-line px-5 py-2 text-[12.5px] text-ink-3">
        <i
          className="pulse"
          data-state={
            stream.state === 'streaming' ? undefined : stream.state === 'failed' ? 'lost' : 'connecting'
          }
          aria-hidden="true"
        />
        <span className="flex-1">
          {stream.state === 'streaming' ? 'streaming' : stream.state} · {plural(lines, 'line')}
        </span>
        <button
          type="button"
          className="button h-7 px-2.5 text-[12px]"
          aria-pressed={following}
          onClick={() => setFollowing(!following)}
        >
          {following ? 'Pause' : 'Follow'}
        </button>
      </div>
    </>
  );
}

const Chunk = memo(function Chunk({
  chunk,
  search,
  times,
}: {
  chunk: LogChunk;
  search: string;
  times: boolean;
}) {
  const lines = search ? chunk.lines.filter(({ text }) => text.toLowerCase().includes(search)) : chunk.lines;
  return (
    <div style={{ contentVisibility: 'auto', containIntrinsicSize: `auto ${lines.length * 19}px` }}>
      {lines.map((line) => (
        <div key={line.id}>
          {times && line.time ? (
            <span className="pr-3 text-ink-3">{line.time.slice(11, 23).replace('Z', '')}</span>
          ) : null}
          {search ? <Marked line={line} search={search} /> : line.text || '\u00a0'}
        </div>
      ))}
    </div>
  );
});

function Marked({ line, search }: { line: LogLine; search: string }) {
  const at = line.text.toLowerCase().indexOf(search);
  if (at < 0) return line.text;
  return (
    <>
      {line.text.slice(0, at)}
      <mark className="rounded-[3px] bg-brass-soft text-ink">{line.text.slice(at, at + search.length)}</mark>
      {line.text.slice(at + search.length)}
    </>
  );
}
