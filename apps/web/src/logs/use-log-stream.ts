'use client';
import { useEffect, useRef, useState } from 'react';
import { callApiRaw, inWords } from '../api/call-api';
import { pathOf } from '../api/paths';
import { LogBuffer, type LogChunk } from './log-buffer';

export interface LogSource {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The run before the last restart. */
  readonly previous: boolean;
}

export interface LogStream {
  readonly chunks: readonly LogChunk[];
  readonly dropped: number;
  readonly state: 'opening' | 'streaming' | 'ended' | 'failed';
  /** Why it failed, in words. */
  readonly error: string | undefined;
}

const START: LogStream = { chunks: [], dropped: 0, state: 'opening', error: undefined };
const TAIL = 1_000;
const RETRY_MS = 2_000;

/** Follows a container's output. A stream that breaks is taken up again where it broke. */
export function useLogStream(source: LogSource): LogStream {
  const [stream, setStream] = useState<LogStream>(START);
  const frame = useRef<number>(undefined);
  const { namespace, pod, container, previous } = source;
  useEffect(() => {
    const abort = new AbortController();
    const buffer = new LogBuffer();
    let state: LogStream['state'] = 'opening';
    let error: string | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const publish = () => {
      frame.current ??= requestAnimationFrame(() => {
        frame.current = undefined;
        setStream({ chunks: buffer.chunks, dropped: buffer.dropped, state, error });
      });
    };
    const read = async () => {
      const query = new URLSearchParams({ container, timestamps: 'true' });
      if (previous) query.set('previous', 'true');
      else query.set('follow', 'true');
      if (buffer.lastTime) query.set('sinceTime', buffer.lastTime);
      else query.set('tailLines', String(TAIL));
      const path = `${pathOf({ resource: 'pods', namespace, name: pod })}/log?${query}`;
      let skip = buffer.lastTime;
      try {
        const answer = await callApiRaw(path, { signal: abort.signal });
        state = 'streaming';
        error = undefined;
        publish();
        const decoder = new TextDecoder();
        const reader = answer.body?.getReader();
        for (;;) {
          const piece = await reader?.read();
          if (!piece || piece.done) break;
          let text = decoder.decode(piece.value, { stream: true });
          // `sinceTime` includes the line that is already here.
          if (skip && text.startsWith(skip)) text = text.slice(text.indexOf('\n') + 1);
          skip = undefined;
          buffer.append(text);
          publish();
        }
        buffer.finish();
        state = 'ended';
      } catch (failure) {
        if (abort.signal.aborted) return;
        state = 'failed';
        error = inWords(failure);
        // A container that is still being made has no log yet; a lost connection comes back.
        retry = setTimeout(() => void read(), RETRY_MS);
      }
      publish();
    };
    setStream(START);
    void read();
    return () => {
      abort.abort();
      clearTimeout(retry);
      if (frame.current !== undefined) cancelAnimationFrame(frame.current);
      frame.current = undefined;
    };
  }, [namespace, pod, container, previous]);
  return stream;
}
