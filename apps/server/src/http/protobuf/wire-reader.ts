/** The head of one field on the wire. */
export interface WireField {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly wire: number;
}

/** Walks through the fields of one protobuf message. Every method throws RangeError for bytes that are none. */
export class WireReader {
  #at = 0;
  constructor(private readonly buffer: Buffer) {}

  /** The next field's head, or undefined at the end; its content must then be read or skipped. */
  next(): WireField | undefined {
    if (this.#at >= this.buffer.length) return undefined;
    const tag = Number(this.#varint());
    const number = Math.floor(tag / 8);
    if (number === 0) throw new RangeError('a field has the number 0');
    return { number, wire: tag % 8 };
  }

  bytes(field: WireField): Buffer {
    expectWire(field, 2);
    const length = Number(this.#varint());
    const end = this.#at + length;
    if (end > this.buffer.length) throw new RangeError('it ends early');
    const found = this.buffer.subarray(this.#at, end);
    this.#at = end;
    return found;
  }

  text(field: WireField): string {
    return this.bytes(field).toString('utf8');
  }

  /** A signed integer or a boolean. Throws when it is beyond what JSON numbers hold exactly. */
  integer(field: WireField): number {
    expectWire(field, 0);
    return toSigned(this.#varint());
  }

  double(field: WireField): number {
    expectWire(field, 1);
    if (this.#at + 8 > this.buffer.length) throw new RangeError('it ends early');
    const value = this.buffer.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  packed(field: WireField): number[] {
    const reader = new WireReader(this.bytes(field));
    const values: number[] = [];
    while (reader.#at < reader.buffer.length) values.push(toSigned(reader.#varint()));
    return values;
  }

  skip(field: WireField): void {
    switch (field.wire) {
      case 0:
        this.#varint();
        return;
      case 1:
        this.#at += 8;
        break;
      case 2:
        this.bytes(field);
        return;
      case 5:
        this.#at += 4;
        break;
      default:
        throw new RangeError(`wire type ${field.wire} is not used`);
    }
    if (this.#at > this.buffer.length) throw new RangeError('it ends early');
  }

  #varint(): bigint {
    // Most numbers fit one byte or a few; only long ones need exact 64-bit arithmetic.
    let small = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      small += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return BigInt(small);
    }
    let value = BigInt(small);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value += BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number is longer than 10 bytes');
  }

  #byte(): number {
    const byte = this.buffer[this.#at++];
    if (byte === undefined) throw new RangeError('it ends early');
    return byte;
  }
}

function toSigned(value: bigint): number {
  const number = Number(BigInt.asIntN(64, value));
  if (!Number.isSafeInteger(number)) throw new RangeError('a number is out of range');
  return number;
}

function expectWire(field: WireField, wire: number): void {
  if (field.wire !== wire) throw new RangeError(`field ${field.number} has an unexpected wire type`);
}
