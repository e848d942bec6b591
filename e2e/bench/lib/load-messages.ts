/** Whom a benchmark asks, and as whom. */
export interface Target {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
}

/** Requests of one kind, on connections of their own, one at a time on each. */
export interface RequestOrder extends Target {
  readonly method: string;
  /** `{i}` stands for the number of the request, in the body too; `{turn}` in the body for its turn. */
  readonly path: string;
  readonly body?: string;
  /** Default: JSON. */
  readonly contentType?: string;
  readonly connections: number;
  /** Answers to wait for. */
  readonly count: number;
  /** Ends sooner than `count` after so long. */
  readonly seconds?: number;
  /** Number of the first request. */
  readonly first: number;
  /** Numbers begin again after so many. */
  readonly modulo?: number;
  /** Between an answer and the next request on its connection. */
  readonly pauseMs?: number;
}

export interface WatchOrder extends Target {
  readonly kind: 'watch';
  /** Must send at least one ADDED at the start. */
  readonly path: string;
  readonly watchers: number;
}

export type LoadOrder =
  | { readonly kind: 'requests'; readonly flows: readonly RequestOrder[] }
  | WatchOrder
  | { readonly kind: 'deliver'; readonly events: number }
  | { readonly kind: 'close' };

export interface FlowReport {
  readonly seconds: number;
  /** Answers with a status of success, and the others. */
  readonly done: number;
  readonly refused: number;
  readonly bytes: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export type LoadReport =
  | { readonly kind: 'flows'; readonly flows: readonly FlowReport[] }
  | { readonly kind: 'opened' | 'closed' }
  | { readonly kind: 'delivered'; readonly seconds: number };
