import type { Logger } from 'pino';

/** What every long-running part gives to the composition root. */
export interface Component {
  /** Finishes work in hand, then resolves. Safe to call twice. */
  stop(): Promise<void>;
}

export type { Logger };
