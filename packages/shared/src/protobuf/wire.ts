/** Reads protobuf's wire format. Every fault of the input is a {@link WireError}; nothing is read twice. */
export class WireError extends Error {}

export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next field's number and wire type. */
  tag(): { field: number; type: number } {
    const tag = Number(this.varint());
    return { field: Math.floor(tag / 8), type: tag % 8 };
  }

  /** Up to 64 bits, unsigned. */
  varint(): bigint {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new WireError('unexpected end');
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, result);
    }
    throw new WireError('a number is too long');
  }

  /** An int32 or int64: negative ones are written as 64 bits. */
  integer(): number {
    return Number(BigInt.asIntN(64, this.varint()));
  }

  double(): number {
    if (this.#at + 8 > this.#bytes.length) throw new WireError('unexpected end');
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  /** The bytes of a text, a message or a packed list: a view, not a copy. */
  bytes(): Uint8Array {
    const length = Number(this.varint());
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new WireError('unexpected end');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  skip(type: number): void {
    switch (type) {
      case 0:
        this.varint();
        return;
      case 1:
        this.#at += 8;
        break;
      case 2:
        this.bytes();
        return;
      case 5:
        this.#at += 4;
        break;
      default:
        throw new WireError(`wire type ${type} is not known`);
    }
    if (this.#at > this.#bytes.length) throw new WireError('unexpected end');
  }
}
