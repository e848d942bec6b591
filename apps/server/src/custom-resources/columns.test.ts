import { expect, it } from 'vitest';
import { columnsOf } from './columns';

const now = new Date('2021-01-01T00:00:00Z');

it.each([
  ['string', { b: 1, a: [{ d: 1, c: 2 }] }, '{"a":[{"c":2,"d":1}],"b":1}'],
  ['string', null, '<no value>'],
  ['string', undefined, null],
  ['integer', 2.9, 2],
  ['integer', '7', null],
  ['boolean', 'true', null],
  ['date', '2020-01-01T00:00:00Z', '366d'],
  ['date', '', '<unknown>'],
  ['date', '7', '<invalid>'],
  ['date', '2020', '<invalid>'],
  ['date', 'yesterday', '<invalid>'],
])('a column of type %s shows %j as %j', (type, value, shown) => {
  const [, column] = columnsOf([{ name: 'X', type, jsonPath: '.spec.x' }]);
  const object = { metadata: { name: 'o' }, spec: { x: value } };
  expect(column?.cell(object, now)).toBe(shown);
});
