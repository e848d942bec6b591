import { expect, it } from 'vitest';
import { parseFieldSelector } from './fields';

const pod: Record<string, string> = { 'metadata.name': 'a=b,c', 'status.phase': 'Running' };
const read = (field: string) => pod[field] ?? '';

it.each([
  ['', true],
  ['status.phase=Running', true],
  ['status.phase==Running', true],
  ['status.phase!=Running', false],
  ['status.phase=Running,spec.nodeName=', true],
  ['metadata.name=a\\=b\\,c', true],
  ['spec.nodeName!=', false],
])('%j matches: %s', (text, matches) => {
  expect(parseFieldSelector(text).matches(read)).toBe(matches);
});

it('tells the value that an index can look up', () => {
  const selector = parseFieldSelector('spec.nodeName=n1,status.phase!=Failed');
  expect(selector.exactValue('spec.nodeName')).toBe('n1');
  expect(selector.exactValue('status.phase')).toBeUndefined();
  expect(parseFieldSelector(selector.toString()).requirements).toEqual(selector.requirements);
});

it('refuses bad syntax and fields that cannot be selected', () => {
  expect(() => parseFieldSelector('status.phase')).toThrow("can't understand 'status.phase'");
  expect(() => parseFieldSelector('a=b\\x')).toThrow(/escape/);
  expect(() => parseFieldSelector('message=x', (field) => field !== 'message')).toThrow(
    'field label not supported: message',
  );
});
