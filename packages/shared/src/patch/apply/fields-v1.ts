import { isObject } from '../../meta/json';
import type { FieldSet } from './field-set';

/**
 * Questions about owned fields in the form in which they are stored, so that most writes need not take them apart:
 *
 *   members  is a member of `set` one of `fields`?
 *   below    is a member of `set`, or anything below one, one of `fields`?
 *   all      is every member of `set` one of `fields`?
 */
export function touches(fields: unknown, set: FieldSet, what: 'members' | 'below' | 'all'): boolean {
  if (!isObject(fields)) return what === 'all' ? isNothing(set) : false;
  if (set.member) {
    const own = Object.hasOwn(fields, '.') || isLeaf(fields);
    if (what === 'below' || (what === 'members' && own)) return true;
    if (what === 'all' && !own) return false;
  }
  for (const [element, child] of set.children) {
    const below = Object.hasOwn(fields, element) ? fields[element] : undefined;
    const is = touches(below, child, what);
    if (is !== (what === 'all')) return is;
  }
  return what === 'all';
}

function isLeaf(fields: object): boolean {
  for (const _element in fields) return false;
  return true;
}

function isNothing(set: FieldSet): boolean {
  if (set.member) return false;
  for (const child of set.children.values()) if (!isNothing(child)) return false;
  return true;
}
