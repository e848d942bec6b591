import type { Event, ObjectReference } from 'kubernetes-types/core/v1';
import { type Clock, systemClock } from '../clock';
import { asApiError, isNamespaceTerminating, isNotFound, isTooManyRequests, isUnavailable } from '../errors';
import { eventKind } from '../kinds/core/event';
import type { KubeObject } from '../meta/object';
import type { Client } from './client';
import { EventCorrelator, type EventType } from './event-correlator';

export interface EventRecorder {
  /**
   * Notes that something happened to an object; returns at once and never throws. Equal events become one with a
   * count, a flood about one object is cut off, and what cannot be written in the end is told to `onError`.
   * `regarding` is the object itself or a reference (which may carry a `fieldPath`).
   */
  record(regarding: KubeObject | ObjectReference, type: EventType, reason: string, message: string): void;
  /** Resolves once everything recorded so far is written or given up. */
  flush(): Promise<void>;
  /** Forgets what is not written yet; later records are ignored. */
  stop(): void;
}

export interface EventRecorderOptions {
  /** Who reports: `kubelet`, `default-scheduler`, `deployment-controller`. */
  readonly component: string;
  readonly host?: string;
  readonly clock?: Clock;
  readonly onError?: (error: unknown) => void;
}

/** Events that wait to be written; more are dropped (and told), so an unreachable server cannot fill the memory. */
const MAX_PENDING = 1_000;
const ATTEMPTS = 6;
const RETRY_MS = 250;

export function createEventRecorder(client: Client, options: EventRecorderOptions): EventRecorder {
  const clock = options.clock ?? systemClock;
  const correlator = new EventCorrelator(clock, options.component);
  const source = { component: options.component, ...(options.host ? { host: options.host } : {}) };
  /** Keys of events with unwritten occurrences, oldest first. A key is here at most once. */
  const pending = new Map<string, Occurrence>();
  /** The one writer: it works while `pending` has something, so events keep their order. */
  let writer: Promise<void> | undefined;
  let stopped = false;
  let sequence = 0;

  interface Occurrence {
    readonly regarding: ObjectReference;
    readonly type: EventType;
    readonly reason: string;
    message: string;
    readonly first: string;
    last: string;
    count: number;
  }

  function report(error: unknown): void {
    try {
      options.onError?.(error);
    } catch {
      // A failing log must not turn into a failing controller.
    }
  }

  function record(
    subject: KubeObject | ObjectReference,
    type: EventType,
    reason: string,
    message: string,
  ): void {
    try {
      if (stopped) return;
      const regarding = referenceTo(subject);
      const verdict = correlator.observe({ regarding, type, reason, message: message.slice(0, 1024) });
      if (!verdict) return;
      const now = timestamp(clock.now());
      const waiting = pending.get(verdict.key);
      if (waiting) {
        waiting.count += 1;
        waiting.last = now;
        waiting.message = verdict.message;
      } else if (pending.size >= MAX_PENDING) {
        report(
          new Error(`event "${reason}" about ${regarding.kind} ${regarding.name} was dropped: too many wait`),
        );
      } else {
        const { message: text, key } = verdict;
        pending.set(key, { regarding, type, reason, message: text, first: now, last: now, count: 1 });
      }
      writer ??= Promise.resolve().then(drain);
    } catch (error) {
      report(error);
    }
  }

  async function drain(): Promise<void> {
    for (let next = first(pending); next && !stopped; next = first(pending)) {
      const [key, occurrence] = next;
      pending.delete(key);
      try {
        await writeWithRetry(key, occurrence);
      } catch (error) {
        // The last events of a namespace that is going away have nowhere to go: nobody will miss them.
        if (!isNamespaceGoing(error)) report(error);
      }
    }
    // In the same step as the last look at `pending`: a record after it starts a new writer.
    writer = undefined;
  }

  async function writeWithRetry(key: string, occurrence: Occurrence): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await write(key, occurrence);
        return;
      } catch (error) {
        const passing = isUnavailable(error) || isTooManyRequests(error);
        if (!passing || attempt >= ATTEMPTS || stopped) throw error;
        const delay = (asApiError(error).retryAfterSeconds ?? 0) * 1000 || RETRY_MS * 2 ** attempt;
        await new Promise<void>((resolve) => clock.after(delay, resolve));
      }
    }
  }

  async function write(key: string, occurrence: Occurrence): Promise<void> {
    const known = correlator.written(key);
    if (known) {
      const count = known.count + occurrence.count;
      const body = { count, lastTimestamp: occurrence.last, message: occurrence.message };
      try {
        await client.patch(eventKind, known, { type: 'merge', body });
        correlator.remember(key, { ...known, count });
        return;
      } catch (error) {
        // Events expire on the server: begin a new one.
        if (!isNotFound(error)) throw error;
      }
    }
    const event = newEvent(occurrence);
    await client.create(eventKind, event);
    const { name = '', namespace = '' } = event.metadata;
    correlator.remember(key, { name, namespace, count: occurrence.count });
  }

  function newEvent({ regarding, type, reason, message, first: at, last, count }: Occurrence): Event {
    sequence += 1;
    const stamp = (BigInt(clock.now().getTime()) * 1_000_000n + BigInt(sequence % 1_000_000)).toString(16);
    const namespace = regarding.namespace || 'default';
    return {
      metadata: { name: `${(regarding.name ?? '').slice(0, 200)}.${stamp}`, namespace },
      involvedObject: regarding,
      reason,
      message,
      source,
      type,
      firstTimestamp: at,
      lastTimestamp: last,
      count,
      reportingComponent: options.component,
      reportingInstance: options.host ?? '',
    };
  }

  return {
    record,
    async flush() {
      while (writer) await writer;
    },
    stop() {
      stopped = true;
      pending.clear();
    },
  };
}

function first<K, V>(map: Map<K, V>): [K, V] | undefined {
  for (const entry of map) return entry;
  return undefined;
}

function isNamespaceGoing(error: unknown): boolean {
  if (isNamespaceTerminating(error)) return true;
  return isNotFound(error) && error.status.details?.kind === 'namespaces';
}

/** Events keep whole seconds, as Kubernetes' Time does. */
function timestamp(now: Date): string {
  return now.toISOString().replace(/\.\d+Z$/, 'Z');
}

function isObject(subject: KubeObject | ObjectReference): subject is KubeObject {
  return 'metadata' in subject;
}

function referenceTo(subject: KubeObject | ObjectReference): ObjectReference {
  if (!isObject(subject)) return subject;
  const { metadata, kind, apiVersion } = subject;
  return {
    ...(kind ? { kind } : {}),
    ...(metadata?.namespace ? { namespace: metadata.namespace } : {}),
    ...(metadata?.name ? { name: metadata.name } : {}),
    ...(metadata?.uid ? { uid: metadata.uid } : {}),
    ...(apiVersion ? { apiVersion } : {}),
    ...(metadata?.resourceVersion ? { resourceVersion: metadata.resourceVersion } : {}),
  };
}
