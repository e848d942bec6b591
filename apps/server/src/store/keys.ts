/** Helpers for store keys, in the byte order that every store uses. */

const LONGEST_KEY = 1024;

/** Byte order of the UTF-8 forms. JavaScript's own order differs where surrogate pairs meet U+E000 to U+FFFF. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Throws RangeError for what no store accepts as a key. */
export function checkKey(key: string): void {
  if (key.length === 0 || Buffer.byteLength(key) > LONGEST_KEY || key.includes('\0')) {
    throw new RangeError(`a store key must have 1 to ${LONGEST_KEY} bytes, none of them zero`);
  }
}
