import { type CelValue, isList } from './values';

/** An evaluation took more than it may: nothing absorbs it. */
export class BudgetExceeded extends Error {
  override readonly message = 'operation cancelled: actual cost limit exceeded';
}

/**
 * What one object's rules may cost together, in steps of some tens of nanoseconds: it bounds how long they hold up
 * everybody else.
 */
const DEFAULT_STEPS = 300_000;

export class Budget {
  constructor(private left = DEFAULT_STEPS) {}

  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) throw new BudgetExceeded();
  }

  /** Calls cost by the size of what they work on. */
  spendFor(values: readonly CelValue[]): void {
    let size = 0;
    for (const value of values) {
      if (typeof value === 'string') size += value.length >> 3;
      else if (value !== null && typeof value === 'object' && isList(value)) size += value.length;
    }
    this.spend(size);
  }
}
