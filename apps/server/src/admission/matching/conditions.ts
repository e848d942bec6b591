import type { MatchCondition } from '@wheelhouse/shared/kinds/admissionregistration/rules';
import { Budget, BudgetExceeded } from '../../cel/budget';
import { type Bindings, compile, type Program } from '../../cel/compile';
import { authorizerType, type CelType, DYN } from '../../cel/types';
import { CelError } from '../../cel/values';

interface Condition {
  readonly name: string;
  readonly program: Program;
}

/** What conditions may speak of. */
export const CONDITION_VARIABLES: Readonly<Record<string, CelType>> = {
  object: DYN,
  oldObject: DYN,
  request: DYN,
  authorizer: authorizerType,
};

/** Further conditions, in CEL, on being asked about a request. All of them must hold. */
export class MatchConditions {
  readonly #conditions: readonly Condition[];

  /** Throws CelCompileError; what is stored was compiled before. */
  constructor(conditions: readonly MatchCondition[] = [], variables = CONDITION_VARIABLES) {
    this.#conditions = conditions.map(({ name = '', expression = '' }) => ({
      name,
      program: compile(expression, variables),
    }));
  }

  get isEmpty(): boolean {
    return this.#conditions.length === 0;
  }

  /** True: all hold. A text: one could not be told, and none failed to hold. */
  evaluate(bindings: Bindings): boolean | string {
    const budget = new Budget();
    const faults: string[] = [];
    for (const { name, program } of this.#conditions) {
      try {
        if (program.evaluate(bindings, budget) !== true) return false;
      } catch (error) {
        if (!(error instanceof CelError || error instanceof BudgetExceeded)) throw error;
        faults.push(`expression '${name}' resulted in error: ${error.message}`);
      }
    }
    return faults.length === 0 || faults.join(', ');
  }
}
