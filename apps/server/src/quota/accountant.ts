import type { Client } from '@wheelhouse/shared/client/client';
import { isConflict, isNotFound, serviceUnavailable } from '@wheelhouse/shared/errors';
import { type ResourceQuota, resourceQuotaKind } from '@wheelhouse/shared/kinds/core/resource-quota';
import type { Stored } from '@wheelhouse/shared/meta/object';
import { type Amounts, isEmpty } from './amounts';
import { charged, type Demand, judgeDemand, released } from './charge';

/** Lost races until a demand is given up; each loss means that somebody else's write went through. */
const ATTEMPTS = 200;

/** What was taken, by the name of the quota. */
export type Receipt = ReadonlyMap<string, Amounts>;

export type Settlement = { readonly receipt: Receipt } | { readonly refused: string };

interface Waiter {
  readonly demand: Demand;
  /** Quotas that have this demand in their books. */
  readonly receipt: Map<string, Amounts>;
  readonly settle: (settlement: Settlement) => void;
  readonly fail: (error: unknown) => void;
}

type Quotas = readonly Stored<ResourceQuota>[];

/**
 * Writes into quotas what is taken from them, before it is: by compare-and-swap, so that however many servers and
 * requests there are, no more is taken than there is. Demands on one namespace that come while another is being
 * written share the next write.
 */
export class QuotaAccountant {
  readonly #waiting = new Map<string, Waiter[]>();

  constructor(private readonly client: Client) {}

  /** Takes what the demand needs from all quotas of the namespace, or from none. */
  take(namespace: string, demand: Demand, known: Quotas): Promise<Settlement> {
    return new Promise((settle, fail) => {
      const waiter: Waiter = { demand, receipt: new Map(), settle, fail };
      const queue = this.#waiting.get(namespace);
      if (queue) {
        queue.push(waiter);
        return;
      }
      this.#waiting.set(namespace, [waiter]);
      void this.#serve(namespace, known);
    });
  }

  /** Whether it could be taken now; nothing is. */
  async check(namespace: string, demand: Demand): Promise<string | undefined> {
    for (const quota of await this.#read(namespace)) {
      const verdict = judgeDemand(quota, demand);
      if ('refused' in verdict) return verdict.refused;
    }
    return undefined;
  }

  /** Gives back what was taken for a write that did not happen. */
  async giveBack(namespace: string, receipt: Receipt): Promise<void> {
    for (const [name, amounts] of receipt) {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        try {
          const quota = await this.client.get(resourceQuotaKind, { namespace, name });
          await this.#write(released(quota, amounts));
          break;
        } catch (error) {
          if (isNotFound(error)) break;
          if (!isConflict(error)) throw error;
        }
      }
    }
  }

  async #serve(namespace: string, known: Quotas): Promise<void> {
    let quotas: Quotas | undefined = known;
    for (;;) {
      const queue = this.#waiting.get(namespace) ?? [];
      if (queue.length === 0) {
        this.#waiting.delete(namespace);
        return;
      }
      const batch = queue.splice(0);
      try {
        await this.#settle(namespace, batch, quotas);
      } catch (error) {
        for (const { fail } of batch) fail(error);
      }
      quotas = undefined;
    }
  }

  async #settle(namespace: string, batch: readonly Waiter[], known: Quotas | undefined): Promise<void> {
    let quotas = known ?? (await this.#read(namespace));
    // A refusal has to rest on what the store holds now.
    let isSure = known === undefined;
    let open = batch;
    for (let attempt = 1; open.length > 0; attempt++) {
      if (attempt > ATTEMPTS) throw serviceUnavailable('the quotas of the namespace are written too often');
      const round = planRound(quotas, open);
      if (round.refused.size > 0 && !isSure) {
        quotas = await this.#read(namespace);
        isSure = true;
        continue;
      }
      for (const [waiter, refused] of round.refused) {
        if (waiter.receipt.size > 0) await this.giveBack(namespace, waiter.receipt);
        waiter.settle({ refused });
      }
      const complete = await this.#writeRound(round);
      open = open.filter((waiter) => !round.refused.has(waiter));
      if (complete) {
        for (const { receipt, settle } of open) settle({ receipt });
        return;
      }
      quotas = await this.#read(namespace);
      isSure = true;
    }
  }

  /** False: some quota was written by somebody else. */
  async #writeRound({ changes }: Round): Promise<boolean> {
    let complete = true;
    for (const { next, shares } of changes) {
      try {
        await this.#write(next);
        for (const [waiter, amounts] of shares) waiter.receipt.set(next.metadata.name, amounts);
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
        complete = false;
      }
    }
    return complete;
  }

  async #read(namespace: string): Promise<Quotas> {
    return (await this.client.list(resourceQuotaKind, { namespace })).items;
  }

  #write(quota: Stored<ResourceQuota>): Promise<unknown> {
    return this.client.update(resourceQuotaKind, quota, { subresource: 'status' });
  }
}

interface Round {
  readonly refused: ReadonlyMap<Waiter, string>;
  readonly changes: readonly {
    readonly next: Stored<ResourceQuota>;
    readonly shares: readonly (readonly [Waiter, Amounts])[];
  }[];
}

/** Who gets what, first come first served; what is on a waiter's receipt already is not taken again. */
function planRound(quotas: Quotas, open: readonly Waiter[]): Round {
  const books = quotas.map((quota) => ({ next: quota, shares: [] as [Waiter, Amounts][] }));
  const refused = new Map<Waiter, string>();
  for (const waiter of open) {
    const taken: { book: (typeof books)[number]; amounts: Amounts }[] = [];
    for (const book of books) {
      if (waiter.receipt.has(book.next.metadata.name)) continue;
      const verdict = judgeDemand(book.next, waiter.demand);
      if ('refused' in verdict) {
        refused.set(waiter, verdict.refused);
        break;
      }
      if (!isEmpty(verdict.amounts)) taken.push({ book, amounts: verdict.amounts });
    }
    if (refused.has(waiter)) continue;
    for (const { book, amounts } of taken) {
      book.next = charged(book.next, amounts);
      book.shares.push([waiter, amounts]);
    }
  }
  return { refused, changes: books.filter(({ shares }) => shares.length > 0) };
}
