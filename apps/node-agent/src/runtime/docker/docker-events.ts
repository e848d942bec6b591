import type { Readable } from 'node:stream';
import type { Clock } from '@wheelhouse/shared/clock';
import type Docker from 'dockerode';
import type { RuntimeEvent } from '../runtime';
import { LABELS, ownedFilter } from './docker-labels';

const TYPES: Readonly<Record<string, RuntimeEvent['type']>> = {
  start: 'started',
  die: 'exited',
  oom: 'changed',
  destroy: 'removed',
};
const RECONNECT_MS = 500;

export interface EventWatchOptions {
  readonly docker: Docker;
  readonly cluster: string;
  readonly node: string;
  readonly clock: Clock;
  onEvent(event: RuntimeEvent): void;
  /** The stream was lost; events may have been missed. Called again after each reconnection. */
  onGap(): void;
}

/** Follows Docker's events until the returned function is called; connects again by itself. */
export function watchEvents(options: EventWatchOptions): () => void {
  const { docker, clock } = options;
  let stream: Readable | undefined;
  let stopped = false;
  let cancelTimer: () => void = () => undefined;

  const again = () => {
    if (stopped) return;
    cancelTimer();
    cancelTimer = clock.after(RECONNECT_MS, () => void connect(true));
  };
  const connect = async (reconnecting: boolean) => {
    try {
      const opened = await docker.getEvents({
        filters: {
          ...ownedFilter(options.cluster, options.node),
          type: ['container'],
          event: Object.keys(TYPES),
        },
      });
      // dockerode's type promises less than the response stream that it gives.
      stream = opened as Readable;
      if (stopped) {
        stream.destroy();
        return;
      }
      if (reconnecting) options.onGap();
      let rest = '';
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const event = parseEvent(line);
          if (event) options.onEvent(event);
        }
      });
      stream.on('error', () => undefined);
      stream.once('close', again);
    } catch {
      // Docker is away; the health check reports that, here it only means to try again.
      again();
    }
  };
  void connect(false);
  return () => {
    stopped = true;
    cancelTimer();
    stream?.destroy();
  };
}

/** One line of the events answer; undefined for what does not concern a pod. */
export function parseEvent(line: string): RuntimeEvent | undefined {
  if (!line.trim()) return undefined;
  const parsed: { Action?: string; Actor?: { Attributes?: Record<string, string> } } = JSON.parse(line);
  const podUid = parsed.Actor?.Attributes?.[LABELS.podUid];
  const type = TYPES[parsed.Action ?? ''];
  return podUid && type ? { podUid, type } : undefined;
}
