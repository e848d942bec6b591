import { createHash, randomInt, timingSafeEqual } from 'node:crypto';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** `length` characters of [a-z0-9], each 5.17 bits from the system's random source. */
export function randomLetters(length: number): string {
  return Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

/** Compares secrets in a time that depends on neither content nor length. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

export function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
