import type { Budget } from './budget';
import { ARITHMETIC } from './library/arithmetic';
import { AUTHORIZER } from './library/authorizer';
import { CONVERSIONS } from './library/conversions';
import { KUBERNETES } from './library/kubernetes';
import { LISTS } from './library/lists';
import { STRINGS } from './library/strings';
import { TIMES } from './library/times';
import { type CelValue, noOverload } from './values';

/**
 * One implementation; methods get their target as first value. Undefined: the values are not for it. Throws CelError.
 */
export type Implementation = (values: readonly CelValue[], budget: Budget) => CelValue | undefined;

export interface Functions {
  /** Called as `f(x)`. */
  readonly global?: Readonly<Record<string, Implementation>>;
  /** Called as `x.f(y)`. */
  readonly methods?: Readonly<Record<string, Implementation>>;
}

/** Methods over a variable and an expression of their own. */
export const SPECIAL: ReadonlySet<string> = new Set(['optMap', 'optFlatMap', 'sortBy']);

const GLOBAL = new Map<string, Implementation[]>();
const METHODS = new Map<string, Implementation[]>();

for (const library of [ARITHMETIC, CONVERSIONS, STRINGS, LISTS, TIMES, KUBERNETES, AUTHORIZER]) {
  collect(GLOBAL, library.global);
  collect(METHODS, library.methods);
}

function collect(into: Map<string, Implementation[]>, functions: Functions['global']): void {
  for (const [name, implementation] of Object.entries(functions ?? {})) {
    into.set(name, [...(into.get(name) ?? []), implementation]);
  }
}

export function isFunction(name: string, isMethod: boolean): boolean {
  return (isMethod ? METHODS : GLOBAL).has(name);
}

export function callFunction(name: string, values: readonly CelValue[], budget: Budget): CelValue {
  for (const implementation of [...(GLOBAL.get(name) ?? []), ...(METHODS.get(name) ?? [])]) {
    const result = implementation(values, budget);
    if (result !== undefined) return result;
  }
  throw noOverload(name);
}
