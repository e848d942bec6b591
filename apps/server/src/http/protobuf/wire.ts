import { badRequest } from '@wheelhouse/shared/errors';

/** Reads the protobuf wire format. Every read checks the bounds: what is cut short is a BadRequest. */
export class WireReader {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  get done(): boolean {
    return this.#at >= this.bytes.length;
  }

  /** The next field's number and wire type. */
  tag(): { field: number; wire: number } {
    const tag = Number(this.varint());
    return { field: Math.floor(tag / 8), wire: tag % 8 };
  }

  /** As a signed 64-bit number. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) throw cutShort();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw badRequest('the body is not valid protobuf: a number is too long');
  }

  double(): number {
    const start = this.#take(8);
    return this.bytes.readDoubleLE(start);
  }

  /** A length-delimited field. */
  block(): Buffer {
    const length = Number(this.varint());
    if (length < 0) throw cutShort();
    const start = this.#take(length);
    return this.bytes.subarray(start, start + length);
  }

  skip(wire: number): void {
    switch (wire) {
      case 0:
        this.varint();
        return;
      case 1:
        this.#take(8);
        return;
      case 2:
        this.block();
        return;
      case 5:
        this.#take(4);
        return;
      default:
        throw badRequest(`the body is not valid protobuf: wire type ${wire}`);
    }
  }

  #take(length: number): number {
    const start = this.#at;
    if (start + length > this.bytes.length) throw cutShort();
    this.#at = start + length;
    return start;
  }
}

function cutShort() {
  return badRequest('the body is not valid protobuf: it ends too early');
}
