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
  /** Which of its validations says so; absent where it is none of them. */
  readonly index?: number;
}

/** What a policy has to say to a request. */
export interface Judgement {
  readonly violations: readonly Violation[];
  /** For the audit, by the policy's own keys. */
  readonly annotations: ReadonlyMap<string, string>;
  /** Annotations that could not be made, by a policy that does not put up with that. */
  readonly faults: readonly string[];
}

export const NO_OBJECTION: Judgement = { violations: [], annotations: new Map(), faults: [] };

/** Longer annotations are cut. */
const LONGEST_ANNOTATION = 10 * 1024;

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
  readonly #annotations: ReadonlyMap<string, { readonly program: Program; readonly expression: string }>;
  readonly #failsOpen: boolean;

  /** Throws CelCompileError; what is stored was compiled before. */
  constructor({ spec = {} }: ValidatingAdmissionPolicy) {
    const { matchConditions, variables = [], failurePolicy } = spec;
    this.#conditions = new MatchConditions(matchConditions, POLICY_VARIABLES);
    this.#variables = new Map(
      variables.map(({ name, expression }) => [name, compile(expression, POLICY_VARIABLES)]),
    );
    this.#validations = (spec.validations ?? []).map(compileValidation);
    this.#annotations = new Map(
      (spec.auditAnnotations ?? []).map(({ key, valueExpression: expression }) => [
        key,
        { expression, program: compile(expression, POLICY_VARIABLES) },
      ]),
    );
    this.#failsOpen = failurePolicy === 'Ignore';
  }

  /** Judges a request; there is no objection where the policy's own conditions do not hold. */
  evaluate(bindings: Bindings): Judgement {
    const budget = new Budget();
    const all = { ...bindings, variables: new LazyVariables(this.#variables, bindings, budget) };
    const concerned = this.#conditions.evaluate(all);
    if (concerned === false || (this.#failsOpen && concerned !== true)) return NO_OBJECTION;
    if (concerned !== true) {
      return { ...NO_OBJECTION, violations: [{ message: concerned, reason: 'Invalid' }] };
    }
    return { violations: this.#violations(all, budget), ...this.#annotate(all, budget) };
  }

  #violations(bindings: Bindings, budget: Budget): Violation[] {
    const violations: Violation[] = [];
    for (const [index, validation] of this.#validations.entries()) {
      const { program, expression, reason } = validation;
      try {
        if (program.evaluate(bindings, budget) === true) continue;
        violations.push({ message: messageOf(validation, bindings, budget), reason, index });
      } catch (error) {
        if (!isFault(error)) throw error;
        if (!this.#failsOpen)
          violations.push({ message: faultOf(expression, error), reason: 'Invalid', index });
      }
    }
    return violations;
  }

  #annotate(bindings: Bindings, budget: Budget): Pick<Judgement, 'annotations' | 'faults'> {
    const annotations = new Map<string, string>();
    const faults: string[] = [];
    for (const [key, { program, expression }] of this.#annotations) {
      try {
        const value = program.evaluate(bindings, budget);
        if (value === null) continue;
        if (typeof value !== 'string') throw new CelError('must evaluate to string or null');
        const text = value.trim();
        if (text !== '') annotations.set(key, text.slice(0, LONGEST_ANNOTATION));
      } catch (error) {
        if (!isFault(error)) throw error;
        if (!this.#failsOpen) faults.push(faultOf(expression, error));
      }
    }
    return { annotations, faults };
  }
}

const faultOf = (expression: string, { message }: Error) =>
  `expression '${expression}' resulted in error: ${message}`;

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
