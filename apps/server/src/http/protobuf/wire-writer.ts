const FIRST_SIZE = 16 * 1024;
/** A buffer that grew beyond this is given back after use, so that one huge object does not stay in memory. */
const LARGEST_KEPT = 1024 * 1024;

/**
 * Writes protobuf from its end to its beginning: a message's length stands before it and is known only once it has
 * been written, so this way nothing is measured twice. The caller writes the last field first.
 */
export class WireWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_SIZE);
  /** Everything from here on is written. */
  #at = this.#buffer.length;

  /** Bytes written so far: the difference of two of them is the length of what was written between. */
  get length(): number {
    return this.#buffer.length - this.#at;
  }

  /** A copy of all that was written; the writer is empty again. */
  take(): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(this.#at));
    this.clear();
    return taken;
  }

  /** Forgets what was written. */
  clear(): void {
    if (this.#buffer.length > LARGEST_KEPT) this.#buffer = Buffer.allocUnsafeSlow(FIRST_SIZE);
    this.#at = this.#buffer.length;
  }

  /** The head of a field: `wire` is 0 varint, 1 eight bytes, 2 length-delimited. */
  tag(number: number, wire: 0 | 1 | 2): void {
    this.#unsigned(number * 8 + wire);
  }

  /** A length or a tag. */
  size(value: number): void {
    this.#unsigned(value);
  }

  /** A signed number as int32, int64 or bool have it: negative ones take ten bytes. */
  integer(value: number): void {
    if (value >= 0 && value < 2 ** 31) {
      this.#unsigned(value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    while (rest >= 0x80n) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.#room(bytes.length);
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
  }

  double(value: number): void {
    this.#room(8);
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length);
    this.#at -= value.length;
    this.#buffer.set(value, this.#at);
  }

  /** Text with its length before it. */
  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#room(length + 5);
    this.#at -= length;
    this.#buffer.write(value, this.#at, 'utf8');
    this.#unsigned(length);
  }

  #unsigned(value: number): void {
    if (value < 0x80) {
      if (this.#at === 0) this.#room(1);
      this.#buffer[--this.#at] = value;
      return;
    }
    let length = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
    this.#room(length);
    this.#at -= length;
    let rest = value;
    for (let i = 0; i < length; i++) {
      this.#buffer[this.#at + i] = (rest % 0x80) | (i < length - 1 ? 0x80 : 0);
      rest = Math.floor(rest / 0x80);
    }
  }

  #room(needed: number): void {
    if (needed <= this.#at) return;
    const used = this.length;
    let size = this.#buffer.length * 2;
    while (size - used < needed) size *= 2;
    const larger = Buffer.allocUnsafeSlow(size);
    this.#buffer.copy(larger, size - used, this.#at);
    this.#buffer = larger;
    this.#at = size - used;
  }
}
