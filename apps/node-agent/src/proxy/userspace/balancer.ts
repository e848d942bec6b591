import type { Backend } from '../dataplane';
import { backendKey } from '../service-rules';

/** How many clients one service port remembers for session affinity before the oldest is forgotten. */
const MAX_CLIENTS = 10_000;

/**
 * Takes turns over the backends of one service port, and remembers clients where affinity is asked for.
 * A change of the backends keeps the turn: nobody is asked twice in a row because a neighbour came or went.
 */
export class Balancer {
  #backends: readonly Backend[] = [];
  /** The backend that had the last turn; the next one is the first that sorts after it. */
  #last: string | undefined;
  #affinityMs: number | undefined;
  /** Insertion order is order of last use: the first entry is the oldest. */
  readonly #clients = new Map<string, { key: string; expires: number }>();

  /** `backends` must be sorted by {@link backendKey}. */
  update(backends: readonly Backend[], affinitySeconds: number | undefined): void {
    this.#backends = backends;
    this.#affinityMs = affinitySeconds === undefined ? undefined : affinitySeconds * 1000;
    if (this.#affinityMs === undefined) this.#clients.clear();
  }

  has(key: string): boolean {
    return this.#backends.some((backend) => backendKey(backend) === key);
  }

  /**
   * The backend for a new connection of `client` (an address) at `now` (ms), or undefined when there is none left.
   * `tried` are backends that have just refused this very connection.
   */
  pick(client: string, now: number, tried: ReadonlySet<string>): Backend | undefined {
    const candidates =
      tried.size === 0 ? this.#backends : this.#backends.filter((item) => !tried.has(backendKey(item)));
    if (candidates.length === 0) return undefined;
    const remembered = this.#remembered(client, now);
    const chosen = candidates.find((item) => backendKey(item) === remembered) ?? this.#nextInTurn(candidates);
    if (chosen && this.#affinityMs !== undefined)
      this.#remember(client, backendKey(chosen), now + this.#affinityMs);
    return chosen;
  }

  #nextInTurn(candidates: readonly Backend[]): Backend | undefined {
    const last = this.#last;
    const next =
      last === undefined
        ? candidates[0]
        : (candidates.find((item) => backendKey(item) > last) ?? candidates[0]);
    if (next) this.#last = backendKey(next);
    return next;
  }

  #remembered(client: string, now: number): string | undefined {
    if (this.#affinityMs === undefined) return undefined;
    const entry = this.#clients.get(client);
    if (!entry) return undefined;
    if (entry.expires > now) return entry.key;
    this.#clients.delete(client);
    return undefined;
  }

  #remember(client: string, key: string, expires: number): void {
    this.#clients.delete(client);
    this.#clients.set(client, { key, expires });
    if (this.#clients.size <= MAX_CLIENTS) return;
    const oldest = this.#clients.keys().next();
    if (!oldest.done) this.#clients.delete(oldest.value);
  }
}
