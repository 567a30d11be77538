/**
 * The few kinds of field that the trace messages are made of. A field that holds its default is not
 * written, as proto3 has it; inside of a list or a choice it is.
 */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  text(field: number, value: string): this {
    return value === "" ? this : this.block(field, Buffer.from(value.toWellFormed()));
  }

  /** A message, a text or bytes, even where it is empty. */
  block(field: number, bytes: Uint8Array): this {
    this.#parts.push(toVarint(toTag(field, 2)), toVarint(BigInt(bytes.length)), bytes);
    return this;
  }

  message(field: number, write: (writer: ProtobufWriter) => unknown): this {
    const inner = new ProtobufWriter();
    write(inner);
    return this.block(field, inner.bytes());
  }

  /** Also of numbers below zero, which take ten bytes. */
  varint(field: number, value: number): this {
    this.#parts.push(toVarint(toTag(field, 0)), toVarint(BigInt.asUintN(64, BigInt(value))));
    return this;
  }

  fixed64(field: number, value: bigint): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    this.#parts.push(toVarint(toTag(field, 1)), bytes);
    return this;
  }

  double(field: number, value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#parts.push(toVarint(toTag(field, 1)), bytes);
    return this;
  }
}

function toTag(field: number, wire: number): bigint {
  return BigInt(field * 8 + wire);
}

function toVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
