import { equalJson } from '@wheelhouse/shared/meta/json';

/** Freezes a JSON value and all below it. What is frozen already is taken to be frozen throughout. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) {
      if (typeof member === 'object' && member !== null) deepFreeze(member);
    }
  }
  return value;
}

/** Equality of two objects in all members but the named ones. */
export function equalExcept(a: object, b: object, except: readonly string[]): boolean {
  const left: Record<string, unknown> = { ...a };
  const right: Record<string, unknown> = { ...b };
  for (const key of except) {
    left[key] = undefined;
    right[key] = undefined;
  }
  return equalJson(left, right);
}
