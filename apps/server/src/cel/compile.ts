import { parse } from '@bufbuild/cel';
import type { Expr } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import { Budget } from './budget';
import { callFunction, isFunction, SPECIAL } from './functions';
import { OPTIONAL_INDEX, OPTIONAL_SELECT, rewriteOptionals } from './optional-syntax';
import { boolType, type CelType, DYN, elementType, literal, memberType, resultType } from './types';
import {
  CelError,
  type CelValue,
  isList,
  MapLike,
  MapValue,
  noOverload,
  numeric,
  Opaque,
  Optional,
  TypeValue,
  Uint,
} from './values';

/** An expression that cannot be compiled: `message` says why. */
export class CelCompileError extends Error {}

export type Bindings = Readonly<Record<string, CelValue>>;

/** A compiled expression. */
export interface Program {
  /** What is known about the result before it runs. */
  readonly type: CelType;
  /** Names of the variables that it reads. */
  readonly variables: ReadonlySet<string>;
  /**
   * Runs it. Throws CelError for whatever goes wrong, and BudgetExceeded when the work grows beyond the budget, which
   * may be shared by several runs.
   */
  evaluate(bindings: Bindings, budget?: Budget): CelValue;
}

/** Longer expressions are refused before they are parsed. */
const LONGEST = 64 * 1024;
const DEEPEST = 250;

type Scope = ReadonlyMap<string, CelType>;
type Frame =
  | { readonly name: string; readonly value: CelValue; readonly next: Frame | undefined }
  | undefined;
interface Run {
  readonly bindings: Bindings;
  readonly budget: Budget;
}
type Code = (run: Run, frame: Frame) => CelValue;
interface Compiled {
  readonly code: Code;
  readonly type: CelType;
}

/**
 * Compiles an expression over the given variables. Throws CelCompileError for bad syntax, unknown variables, fields
 * and functions, and for operands that cannot go together.
 */
export function compile(source: string, variables: Readonly<Record<string, CelType>>): Program {
  if (source.length > LONGEST)
    throw new CelCompileError(`expressions may have at most ${LONGEST} characters`);
  let expr: Expr | undefined;
  try {
    expr = parse(rewriteOptionals(source)).expr;
  } catch (error) {
    throw new CelCompileError(`ERROR: ${error instanceof Error ? error.message : 'syntax error'}`);
  }
  if (!expr) throw new CelCompileError('ERROR: the expression is empty');
  const read = new Set<string>();
  const compiler = new Compiler(read);
  const { code, type } = compiler.compile(expr, new Map(Object.entries(variables)), 0);
  return {
    type,
    variables: read,
    evaluate: (bindings, budget = new Budget()) => code({ bindings, budget }, undefined),
  };
}

const TYPE_NAMES = new Set([
  'int',
  'uint',
  'double',
  'bool',
  'string',
  'bytes',
  'list',
  'map',
  'null_type',
  'type',
  'optional_type',
]);
const QUALIFIED_TYPES = new Set([
  'google.protobuf.Duration',
  'google.protobuf.Timestamp',
  'net.IP',
  'net.CIDR',
  'kubernetes.Quantity',
  'kubernetes.URL',
]);
/** Functions that are written like fields of a name: `math.abs(x)`. */
const NAMESPACES = new Set(['math', 'sets', 'optional', 'cel', 'strings', 'base64', 'ip', 'format']);

class Compiler {
  constructor(private readonly read: Set<string>) {}

  compile(expr: Expr, scope: Scope, depth: number): Compiled {
    if (depth > DEEPEST) throw new CelCompileError('ERROR: the expression is nested too deeply');
    const { case: form, value } = expr.exprKind;
    const inner = (child: Expr | undefined, within = scope) => {
      if (!child) throw new CelCompileError('ERROR: the expression is incomplete');
      return this.compile(child, within, depth + 1);
    };
    switch (form) {
      case 'constExpr':
        return constant(value.constantKind);
      case 'identExpr':
        return this.#variable(value.name, scope);
      case 'selectExpr': {
        const qualified = qualifiedName(expr);
        if (qualified && QUALIFIED_TYPES.has(qualified)) return literal(new TypeValue(qualified), 'type');
        const operand = inner(value.operand);
        return value.testOnly ? has(operand, value.field) : select(operand, value.field);
      }
      case 'callExpr':
        return this.#call(value.function, value.target, value.args, scope, inner);
      case 'listExpr': {
        const parts = value.elements.map((element) => inner(element));
        return {
          type: { kind: 'list', of: parts[0]?.type ?? DYN },
          code: (run, frame) => {
            run.budget.spend(1 + parts.length);
            return parts.map((part) => part.code(run, frame));
          },
        };
      }
      case 'structExpr': {
        if (value.messageName)
          throw new CelCompileError(`ERROR: undeclared reference to '${value.messageName}'`);
        const entries = value.entries.map((entry) => ({
          key: inner(entry.keyKind.case === 'mapKey' ? entry.keyKind.value : undefined).code,
          value: inner(entry.value).code,
        }));
        return {
          type: { kind: 'map', of: DYN },
          code: (run, frame) => {
            run.budget.spend(1 + entries.length);
            const map = new MapValue();
            for (const entry of entries) map.set(entry.key(run, frame), entry.value(run, frame));
            return map;
          },
        };
      }
      case 'comprehensionExpr': {
        const range = inner(value.iterRange);
        const initial = inner(value.accuInit);
        const element = elementType(range.type, 'key');
        const loop: Scope = new Map([...scope, [value.iterVar, element], [value.accuVar, DYN]]);
        const condition = inner(value.loopCondition, loop);
        const step = inner(value.loopStep, loop);
        const result = inner(value.result, new Map([...scope, [value.accuVar, DYN]]));
        return {
          type: initial.type.kind === 'bool' ? boolType : DYN,
          code: (run, frame) => {
            let accumulated: CelValue | CelError = initial.code(run, frame);
            for (const item of iterate(range.code(run, frame))) {
              run.budget.spend(2);
              const own: Frame = {
                name: value.iterVar,
                value: item,
                next: { name: value.accuVar, value: asValue(accumulated), next: frame },
              };
              if (condition.code(run, own) === false) break;
              accumulated = attempt(step, run, own);
            }
            return result.code(run, { name: value.accuVar, value: asValue(accumulated), next: frame });
          },
        };
      }
      default:
        throw new CelCompileError('ERROR: the expression is incomplete');
    }
  }

  #variable(name: string, scope: Scope): Compiled {
    const type = scope.get(name);
    if (type === undefined) {
      if (TYPE_NAMES.has(name)) return literal(new TypeValue(name), 'type');
      throw new CelCompileError(`ERROR: undeclared reference to '${name}' (in container '')`);
    }
    this.read.add(name);
    return {
      type,
      code: ({ bindings, budget }, frame) => {
        budget.spend(1);
        for (let at = frame; at; at = at.next) if (at.name === name) return reveal(at.value);
        const bound = Object.hasOwn(bindings, name) ? bindings[name] : undefined;
        if (bound === undefined) throw new CelError(`no such attribute(s): ${name}`);
        return bound;
      },
    };
  }

  #call(
    name: string,
    target: Expr | undefined,
    args: readonly Expr[],
    scope: Scope,
    inner: (child: Expr | undefined, within?: Scope) => Compiled,
  ): Compiled {
    switch (name) {
      case '_&&_':
      case '_||_':
        return logical(
          name,
          args.map((arg) => inner(arg)),
        );
      case '!_': {
        const operand = inner(args[0]);
        expectBool(operand, '!_');
        return {
          type: boolType,
          code: (run, frame) => !asBool(operand.code(run, frame), '!_'),
        };
      }
      case '_?_:_': {
        const [condition, yes, no] = [inner(args[0]), inner(args[1]), inner(args[2])];
        expectBool(condition, '_?_:_');
        return {
          type: yes.type.kind === no.type.kind ? yes.type : DYN,
          code: (run, frame) =>
            asBool(condition.code(run, frame), '_?_:_') ? yes.code(run, frame) : no.code(run, frame),
        };
      }
      case '@not_strictly_false':
      case '__not_strictly_false__': {
        const operand = inner(args[0]);
        return { type: boolType, code: (run, frame) => attempt(operand, run, frame) !== false };
      }
      case '_[_]': {
        const [operand, index] = [inner(args[0]), inner(args[1])];
        return {
          type: elementType(operand.type, 'value'),
          code: (run, frame) => {
            run.budget.spend(1);
            return indexed(operand.code(run, frame), index.code(run, frame));
          },
        };
      }
      case OPTIONAL_SELECT:
      case OPTIONAL_INDEX: {
        const [operand, index] = [inner(target), inner(args[0])];
        return {
          type: DYN,
          code: (run, frame) => {
            run.budget.spend(1);
            return optionally(operand.code(run, frame), index.code(run, frame));
          },
        };
      }
      default:
    }
    const special = target && this.#special(name, target, args, scope, inner);
    if (special) return special;

    const qualified = target && qualifiedName(target);
    const asNamespace = qualified !== undefined && NAMESPACES.has(qualified) && !scope.has(qualified);
    const full = asNamespace ? `${qualified}.${name}` : name;
    const parts = [...(target && !asNamespace ? [inner(target)] : []), ...args.map((arg) => inner(arg))];
    const isMethod = target !== undefined && !asNamespace;
    if (!isFunction(full, isMethod)) {
      throw new CelCompileError(`ERROR: undeclared reference to '${full}' (in container '')`);
    }
    const types = parts.map(({ type }) => type);
    const type = resultType(full, types);
    if (type === undefined) {
      throw new CelCompileError(
        `ERROR: found no matching overload for '${full}' applied to '(${types.map(({ kind }) => kind).join(', ')})'`,
      );
    }
    const codes = parts.map(({ code }) => code);
    return {
      type,
      code: (run, frame) => {
        run.budget.spend(1);
        const values = codes.map((code) => code(run, frame));
        run.budget.spendFor(values);
        return callFunction(full, values, run.budget);
      },
    };
  }

  /** Calls whose arguments are not values but code over a variable of their own. */
  #special(
    name: string,
    target: Expr,
    args: readonly Expr[],
    scope: Scope,
    inner: (child: Expr | undefined, within?: Scope) => Compiled,
  ): Compiled | undefined {
    const nameOf = (arg: Expr | undefined) =>
      arg?.exprKind.case === 'identExpr' ? arg.exprKind.value.name : undefined;
    const variable = nameOf(args[0]);
    if (name === 'bind' && qualifiedName(target) === 'cel' && args.length === 3 && variable) {
      const bound = inner(args[1]);
      const body = inner(args[2], new Map([...scope, [variable, bound.type]]));
      return {
        type: body.type,
        code: (run, frame) => body.code(run, { name: variable, value: bound.code(run, frame), next: frame }),
      };
    }
    if (SPECIAL.has(name) && args.length === 2 && variable) {
      const operand = inner(target);
      const body = inner(args[1], new Map([...scope, [variable, elementType(operand.type, 'key')]]));
      const withItem = (run: Run, frame: Frame) => (value: CelValue) =>
        body.code(run, { name: variable, value, next: frame });
      return {
        type: DYN,
        code: (run, frame) => {
          const value = operand.code(run, frame);
          if (name === 'sortBy') return sortBy(value, withItem(run, frame), run.budget);
          if (!(value instanceof Optional)) throw noOverload(name);
          if (value.value === undefined) return Optional.none;
          const mapped = withItem(run, frame)(value.value);
          return name === 'optMap' ? new Optional(mapped) : mapped;
        },
      };
    }
    const second = nameOf(args[1]);
    if (
      (name === 'all' || name === 'exists' || name === 'existsOne') &&
      args.length === 3 &&
      variable &&
      second
    ) {
      return this.#twoVariables(
        name,
        inner(target),
        [variable, second],
        (within) => inner(args[2], within),
        scope,
      );
    }
    return undefined;
  }

  /** `all`, `exists` and `existsOne` over indexes and elements, keys and values. */
  #twoVariables(
    name: 'all' | 'exists' | 'existsOne',
    range: Compiled,
    [first, second]: readonly [string, string],
    inner: (within: Scope) => Compiled,
    scope: Scope,
  ): Compiled {
    const test = inner(new Map([...scope, [first, DYN], [second, elementType(range.type, 'value')]]));
    return {
      type: boolType,
      code: (run, frame) => {
        const value = range.code(run, frame);
        let matches = 0;
        let failure: CelError | undefined;
        for (const [i, key] of iterate(value).entries()) {
          run.budget.spend(2);
          const isMap = value instanceof MapLike;
          const found = attempt(test, run, {
            name: first,
            value: isMap ? key : BigInt(i),
            next: { name: second, value: isMap ? (value.get(key) ?? null) : key, next: frame },
          });
          if (found instanceof CelError) failure = found;
          else if (found === true) matches++;
          if (name === 'all' && found === false) return false;
          if (name === 'exists' && found === true) return true;
        }
        if (failure) throw failure;
        return name === 'all' || (name === 'existsOne' && matches === 1);
      },
    };
  }
}

/** `a.b.c` as one text, when that is all the expression is. */
function qualifiedName(expr: Expr): string | undefined {
  if (expr.exprKind.case === 'identExpr') return expr.exprKind.value.name;
  if (expr.exprKind.case !== 'selectExpr' || expr.exprKind.value.testOnly) return undefined;
  const { operand, field } = expr.exprKind.value;
  const head = operand && qualifiedName(operand);
  return head === undefined ? undefined : `${head}.${field}`;
}

type ConstantKind = Extract<Expr['exprKind'], { case: 'constExpr' }>['value']['constantKind'];

function constant(kind: ConstantKind): Compiled {
  switch (kind.case) {
    case 'stringValue':
      return literal(kind.value, 'string');
    case 'int64Value':
      return literal(kind.value, 'int');
    case 'uint64Value':
      return literal(new Uint(kind.value), 'uint');
    case 'doubleValue':
      return literal(kind.value, 'double');
    case 'boolValue':
      return literal(kind.value, 'bool');
    case 'bytesValue':
      return literal(kind.value, 'bytes');
    case 'nullValue':
      return literal(null, 'null_type');
    default:
      throw new CelCompileError('ERROR: unknown constant');
  }
}

function expectBool({ type }: Compiled, name: string): void {
  if (type.kind !== 'bool' && type.kind !== 'dyn') {
    throw new CelCompileError(`ERROR: found no matching overload for '${name}' applied to '(${type.kind})'`);
  }
}

function asBool(value: CelValue, name: string): boolean {
  if (typeof value !== 'boolean') throw noOverload(name);
  return value;
}

/** The value, or the error that came instead. Running out of budget is not absorbed. */
function attempt({ code }: Compiled, run: Run, frame: Frame): CelValue | CelError {
  try {
    return code(run, frame);
  } catch (error) {
    if (error instanceof CelError) return error;
    throw error;
  }
}

const errors = new WeakMap<object, CelError>();

/** An accumulator may hold an error that a later step absorbs; it travels as a value that throws when it is read. */
function asValue(value: CelValue | CelError): CelValue {
  if (!(value instanceof CelError)) return value;
  const carrier = new TypeValue('error');
  errors.set(carrier, value);
  return carrier;
}

function reveal(value: CelValue): CelValue {
  const error = value instanceof TypeValue ? errors.get(value) : undefined;
  if (error) throw error;
  return value;
}

function logical(name: '_&&_' | '_||_', parts: readonly Compiled[]): Compiled {
  for (const part of parts) expectBool(part, name);
  // The value that decides, whatever the other side is, errors included.
  const decides = name === '_||_';
  return {
    type: boolType,
    code: (run, frame) => {
      let failure: CelError | undefined;
      for (const part of parts) {
        const value = attempt(part, run, frame);
        if (value === decides) return decides;
        if (value instanceof CelError) failure ??= value;
        else if (typeof value !== 'boolean') failure ??= noOverload(name);
      }
      if (failure) throw failure;
      return !decides;
    },
  };
}

function select(operand: Compiled, field: string): Compiled {
  const type = memberType(operand.type, field);
  if (type === undefined) throw new CelCompileError(`ERROR: undefined field '${field}'`);
  return {
    type,
    code: (run, frame) => {
      run.budget.spend(1);
      return member(operand.code(run, frame), field);
    },
  };
}

function member(value: CelValue, field: string): CelValue {
  if (value instanceof Optional) return optionally(value, field);
  if (!(value instanceof MapLike || value instanceof Opaque)) {
    throw new CelError(`no such overload: select of '${field}'`);
  }
  const found = value instanceof Opaque ? value.member?.(field) : value.get(field);
  if (found === undefined) throw new CelError(`no such key: ${field}`);
  return found;
}

function has(operand: Compiled, field: string): Compiled {
  if (memberType(operand.type, field) === undefined) {
    throw new CelCompileError(`ERROR: undefined field '${field}'`);
  }
  return {
    type: boolType,
    code: (run, frame) => {
      run.budget.spend(1);
      const value = operand.code(run, frame);
      if (value instanceof Optional) {
        return value.value instanceof MapLike && value.value.get(field) !== undefined;
      }
      if (!(value instanceof MapLike)) throw noOverload('has');
      return value.get(field) !== undefined;
    },
  };
}

function indexed(value: CelValue, index: CelValue): CelValue {
  if (value instanceof Optional) return optionally(value, index);
  if (value instanceof MapLike) {
    const found = value.get(index);
    if (found === undefined)
      throw new CelError(`no such key: ${typeof index === 'string' ? index : String(numeric(index) ?? '')}`);
    return found;
  }
  if (!isList(value)) throw noOverload('_[_]');
  const at = numeric(index);
  if (at === undefined) throw noOverload('_[_]');
  const found = value[Number(at)];
  if (found === undefined) throw new CelError(`index out of bounds: ${at}`);
  return found;
}

function optionally(value: CelValue, index: CelValue): Optional {
  if (value instanceof Optional) return value.value === undefined ? value : optionally(value.value, index);
  if (value instanceof MapLike) return new Optional(value.get(index));
  const at = numeric(index);
  if (!isList(value) || at === undefined) throw noOverload('_[?_]');
  return new Optional(value[Number(at)]);
}

/** Elements of a list, keys of a map. */
function iterate(value: CelValue): readonly CelValue[] {
  if (value instanceof MapLike) return value.keys();
  if (isList(value)) return value;
  throw new CelError('no such overload: the range of a macro is neither a list nor a map');
}

function sortBy(list: CelValue, keyOf: (value: CelValue) => CelValue, budget: Budget): CelValue {
  if (!isList(list)) throw noOverload('sortBy');
  budget.spend(list.length * 10);
  const keyed = list.map((value) => ({ value, key: keyOf(value) }));
  return (
    callFunction('sort_by_keys__', [keyed.map(({ key }) => key), list], budget) ??
    keyed.map(({ value }) => value)
  );
}
