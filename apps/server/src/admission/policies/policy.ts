import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicySpec,
} from 'kubernetes-types/admissionregistration/v1';
import { Budget, BudgetExceeded } from '../../cel/budget';
import { type Bindings, compile, type Program } from '../../cel/compile';
import { DYN } from '../../cel/types';
import { CelError, type CelValue, MapLike } from '../../cel/values';
import { CONDITION_VARIABLES, MatchConditions } from '../matching/conditions';

/** What the expressions of a policy may speak of. */
export const POLICY_VARIABLES = {
  ...CONDITION_VARIABLES,
  params: DYN,
  namespaceObject: DYN,
  variables: DYN,
};

/** Why a policy is not fulfilled. */
export interface Violation {
  readonly message: string;
  readonly reason: string;
}

interface Validation {
  readonly program: Program;
  readonly message: Program | undefined;
  readonly expression: string;
  readonly text: string | undefined;
  readonly reason: string;
}

/** A policy's conditions, ready to run. */
export class CompiledPolicy {
  readonly #conditions: MatchConditions;
  readonly #variables: ReadonlyMap<string, Program>;
  readonly #validations: readonly Validation[];
  readonly #failsOpen: boolean;

  /** Throws CelCompileError; what is stored was compiled before. */
  constructor({ spec = {} }: ValidatingAdmissionPolicy) {
    const { matchConditions, variables = [], failurePolicy } = spec;
    this.#conditions = new MatchConditions(matchConditions, POLICY_VARIABLES);
    this.#variables = new Map(
      variables.map(({ name, expression }) => [name, compile(expression, POLICY_VARIABLES)]),
    );
    this.#validations = (spec.validations ?? []).map(compileValidation);
    this.#failsOpen = failurePolicy === 'Ignore';
  }

  /** What is wrong with the request; nothing where the policy's own conditions do not hold. */
  evaluate(bindings: Bindings): Violation[] {
    const budget = new Budget();
    const all = { ...bindings, variables: new LazyVariables(this.#variables, bindings, budget) };
    const concerned = this.#conditions.evaluate(all);
    if (concerned === false || (this.#failsOpen && concerned !== true)) return [];
    if (concerned !== true) return [{ message: concerned, reason: 'Invalid' }];
    const violations: Violation[] = [];
    for (const validation of this.#validations) {
      try {
        if (validation.program.evaluate(all, budget) === true) continue;
        violations.push({ message: messageOf(validation, all, budget), reason: validation.reason });
      } catch (error) {
        if (!isFault(error)) throw error;
        const message = `expression '${validation.expression}' resulted in error: ${error.message}`;
        if (!this.#failsOpen) violations.push({ message, reason: 'Invalid' });
      }
    }
    return violations;
  }
}

function isFault(error: unknown): error is Error {
  return error instanceof CelError || error instanceof BudgetExceeded;
}

function compileValidation({
  expression,
  message,
  messageExpression,
  reason,
}: NonNullable<ValidatingAdmissionPolicySpec['validations']>[number]): Validation {
  return {
    program: compile(expression, POLICY_VARIABLES),
    message: messageExpression ? compile(messageExpression, POLICY_VARIABLES) : undefined,
    expression,
    text: message?.trim() || undefined,
    reason: reason ?? 'Invalid',
  };
}

function messageOf({ message, text, expression }: Validation, bindings: Bindings, budget: Budget): string {
  const fixed = text ?? `failed expression: ${expression.trim()}`;
  if (!message) return fixed;
  try {
    const made = message.evaluate(bindings, budget);
    return typeof made === 'string' && made.trim() !== '' && !made.includes('\n') ? made.trim() : fixed;
  } catch (error) {
    // A message that cannot be made gives way to the fixed one.
    if (!isFault(error)) throw error;
    return fixed;
  }
}

/** A policy's variables: each is computed when it is first asked for, and may ask for those before it. */
class LazyVariables extends MapLike {
  readonly #values = new Map<string, CelValue>();

  constructor(
    private readonly programs: ReadonlyMap<string, Program>,
    private readonly bindings: Bindings,
    private readonly budget: Budget,
  ) {
    super();
  }

  get size(): number {
    return this.programs.size;
  }

  override get(key: CelValue): CelValue | undefined {
    const program = typeof key === 'string' ? this.programs.get(key) : undefined;
    if (typeof key !== 'string' || !program) return undefined;
    let value = this.#values.get(key);
    if (value === undefined) {
      // Going round in circles ends when the budget does.
      this.budget.spend(10);
      value = program.evaluate({ ...this.bindings, variables: this }, this.budget);
      this.#values.set(key, value);
    }
    return value;
  }

  override keys(): CelValue[] {
    return [...this.programs.keys()];
  }
}
