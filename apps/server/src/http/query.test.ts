import { expect, it } from 'vitest';
import { parseQuery } from './query';

it.each([
  ['a=1&b=%20x', { a: '1', b: ' x' }],
  ['limit=1;watch=1&a=2', { a: '2' }],
  ['limit=%zz&a=2', { a: '2' }],
  ['limit=%4&a=a+b', { a: 'a b' }],
])('%s', (text, expected) => {
  expect(Object.fromEntries(parseQuery(text))).toEqual(expected);
});
