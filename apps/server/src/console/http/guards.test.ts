import { describe, expect, it } from 'vitest';
import { isHostAllowed, isOriginAllowed } from './guards';

describe('isHostAllowed', () => {
  it('answers to addresses and to names that are known', () => {
    for (const host of [
      '127.0.0.1:3000',
      '[::1]:3000',
      'localhost:3000',
      'wheel.localhost',
      'ship.example:1',
    ]) {
      expect(isHostAllowed(host, ['ship.example'])).toBe(true);
    }
    for (const host of [
      undefined,
      '',
      'evil.example:3000',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
    ]) {
      expect(isHostAllowed(host, ['ship.example'])).toBe(false);
    }
  });
});

describe('isOriginAllowed', () => {
  it('takes its own pages, and programs that are no browsers', () => {
    expect(isOriginAllowed({ host: '127.0.0.1:3000' })).toBe(true);
    expect(isOriginAllowed({ host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3000' })).toBe(true);
    expect(isOriginAllowed({ host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3001' })).toBe(false);
    expect(isOriginAllowed({ host: '127.0.0.1:3000', 'sec-fetch-site': 'same-site' })).toBe(false);
  });
});
