import { expect, it } from 'vitest';
import { ageOf, humanDuration } from './duration';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

it.each([
  [-5 * SECOND, '<invalid>'],
  [-0.5 * SECOND, '0s'],
  [0, '0s'],
  [119 * SECOND, '119s'],
  [2 * MINUTE, '2m'],
  [9 * MINUTE + 59 * SECOND, '9m59s'],
  [10 * MINUTE + 5 * SECOND, '10m'],
  [179 * MINUTE, '179m'],
  [3 * HOUR, '3h'],
  [7 * HOUR + 30 * MINUTE, '7h30m'],
  [47 * HOUR, '47h'],
  [2 * DAY + 3 * HOUR, '2d3h'],
  [8 * DAY + 3 * HOUR, '8d'],
  [729 * DAY, '729d'],
  [730 * DAY + DAY, '2y1d'],
  [3000 * DAY, '8y'],
])('%d ms is %s', (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});

it('does not know the age of what has no time', () => {
  expect(ageOf(undefined, new Date())).toBe('<unknown>');
  expect(ageOf('2026-01-01T00:00:00Z', new Date('2026-01-01T00:01:00Z'))).toBe('60s');
});
