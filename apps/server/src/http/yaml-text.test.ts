import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { yamlText } from './yaml-text';

it('orders keys, does not indent lists, and quotes what would be read as something else', () => {
  const value = {
    kind: 'X',
    apiVersion: 'v1',
    data: {
      one: '1',
      yes: 'yes',
      colon: 'a: b',
      lines: 'a\nb\n',
      plain: 'x-y',
      time: '2020-01-01T00:00:00Z',
      none: '',
    },
    list: [{ b: 1, a: true }, null],
    absent: undefined,
  };
  const text = yamlText(value);
  expect(text).toBe(`apiVersion: v1
data:
  colon: 'a: b'
  lines: |
    a
    b
  none: ""
  one: "1"
  plain: x-y
  time: "2020-01-01T00:00:00Z"
  "yes": "yes"
kind: X
list:
- a: true
  b: 1
- null
`);
  expect(parse(text, { version: '1.1' })).toEqual(JSON.parse(JSON.stringify(value)));
});
