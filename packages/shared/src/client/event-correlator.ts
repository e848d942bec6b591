import type { ObjectReference } from 'kubernetes-types/core/v1';
import type { Clock } from '../clock';

export type EventType = 'Normal' | 'Warning';

export interface ObservedEvent {
  readonly regarding: ObjectReference;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
}

/** Where an event stands on the server and how often it has been counted there. */
export interface WrittenEvent {
  readonly name: string;
  readonly namespace: string;
  readonly count: number;
}

/** The numbers of Kubernetes' own correlator. */
const MAX_SIMILAR = 10;
const SIMILAR_WINDOW_MS = 600_000;
const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300_000;
const CACHE_SIZE = 4_096;

/**
 * Decides what becomes of an occurrence: a new event, one more of a known event, or nothing.
 * - Occurrences equal in object, type, reason and message share a key, hence one event with a count.
 * - After 10 different messages for the same object and reason within 10 minutes the further ones share a key.
 * - One object gets 25 at once, then one each 5 minutes; the rest is dropped.
 * Memory is bounded: the least recently used entries are forgotten.
 */
export class EventCorrelator {
  readonly #buckets = new Recent<{ tokens: number; at: number }>(CACHE_SIZE);
  readonly #similar = new Recent<{ messages: Set<string>; at: number }>(CACHE_SIZE);
  readonly #written = new Recent<WrittenEvent>(CACHE_SIZE);

  constructor(
    private readonly clock: Clock,
    private readonly component: string,
  ) {}

  /** Undefined: drop it. */
  observe(event: ObservedEvent): { key: string; message: string } | undefined {
    const { regarding, type, reason, message } = event;
    const { kind, namespace, name, uid, fieldPath } = regarding;
    const object = JSON.stringify([this.component, kind, namespace, name, uid, fieldPath]);
    if (!this.#takeToken(object)) return undefined;
    const group = `${object}${type}/${reason}`;
    if (this.#isFlood(group, message)) {
      return { key: group, message: `(combined from similar events): ${message}` };
    }
    return { key: `${group}/${message}`, message };
  }

  written(key: string): WrittenEvent | undefined {
    return this.#written.get(key);
  }

  remember(key: string, event: WrittenEvent): void {
    this.#written.set(key, event);
  }

  #takeToken(object: string): boolean {
    const now = this.clock.monotonic();
    const bucket = this.#buckets.get(object) ?? { tokens: SPAM_BURST, at: now };
    bucket.tokens = Math.min(SPAM_BURST, bucket.tokens + (now - bucket.at) / SPAM_REFILL_MS);
    bucket.at = now;
    const allowed = bucket.tokens >= 1;
    if (allowed) bucket.tokens -= 1;
    this.#buckets.set(object, bucket);
    return allowed;
  }

  #isFlood(group: string, message: string): boolean {
    const now = this.clock.monotonic();
    let similar = this.#similar.get(group);
    if (!similar || now - similar.at > SIMILAR_WINDOW_MS) similar = { messages: new Set(), at: now };
    similar.at = now;
    this.#similar.set(group, similar);
    if (similar.messages.has(message)) return false;
    if (similar.messages.size >= MAX_SIMILAR) return true;
    similar.messages.add(message);
    return false;
  }
}

/** The `size` most recently used entries. */
class Recent<V> {
  /** In order of use, the least recent first. */
  readonly #entries = new Map<string, V>();
  constructor(private readonly size: number) {}

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.size) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}
