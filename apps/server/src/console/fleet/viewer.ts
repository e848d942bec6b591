import type { Deltas, FleetObject, FleetPlace, Snapshot } from '@wheelhouse/shared/console/protocol';
import type { Fleet } from './fleet';

export type ViewerMessage =
  | { readonly event: 'snapshot'; readonly body: Snapshot }
  | { readonly event: 'deltas'; readonly body: Deltas };

/** Enough to hide a round trip; beyond it changes wait and merge. */
const MAX_IN_FLIGHT = 4;
const SNAPSHOT_PART = 2_500;

/**
 * One browser's way through the fleet: a cursor. It decides what to send next and knows nothing of sockets.
 * Messages that it hands out are contiguous; one that fell off the ring gets a new snapshot.
 */
export class Viewer {
  /** Everything up to here has been handed out, apart from `#parts`. Undefined until it has said hello. */
  #seq: number | undefined;
  #inFlight = 0;
  /** What is left of a snapshot taken at `#seq`. */
  #parts: Snapshot[] = [];

  constructor(private readonly fleet: Fleet) {}

  hello(resumeFrom: FleetPlace | undefined): void {
    this.#inFlight = 0;
    this.#parts = [];
    if (resumeFrom && resumeFrom.epoch === this.fleet.epoch && this.fleet.remembers(resumeFrom.seq)) {
      this.#seq = resumeFrom.seq;
    } else this.#takeSnapshot();
  }

  acknowledged(): void {
    this.#inFlight = Math.max(0, this.#inFlight - 1);
  }

  /** What may be sent now; counts as sent. */
  take(): ViewerMessage[] {
    const messages: ViewerMessage[] = [];
    while (this.#inFlight < MAX_IN_FLIGHT) {
      const message = this.#next();
      if (!message) break;
      this.#inFlight += 1;
      messages.push(message);
    }
    return messages;
  }

  #next(): ViewerMessage | undefined {
    const part = this.#parts.shift();
    if (part) return { event: 'snapshot', body: part };
    if (this.#seq === undefined || this.#seq === this.fleet.seq) return undefined;
    const changes = this.fleet.changesSince(this.#seq);
    if (!changes) {
      this.#takeSnapshot();
      return this.#next();
    }
    const { epoch, seq: to, revision } = this.fleet;
    const body: Deltas = { epoch, from: this.#seq, to, revision, changes };
    this.#seq = to;
    return { event: 'deltas', body };
  }

  #takeSnapshot(): void {
    const { epoch, seq, revision } = this.fleet;
    const objects = this.fleet.objects();
    const slices: FleetObject[][] = [];
    for (let at = 0; at < objects.length; at += SNAPSHOT_PART)
      slices.push(objects.slice(at, at + SNAPSHOT_PART));
    if (slices.length === 0) slices.push([]);
    this.#seq = seq;
    this.#parts = slices.map((slice, index) => ({
      epoch,
      seq,
      revision,
      first: index === 0,
      last: index === slices.length - 1,
      objects: slice,
    }));
  }
}
