/**
 * The few kinds of field that the messages of OTLP are made of, written into one buffer. A field that holds its
 * default is not written, as proto3 has it; inside of a list or a choice it is.
 */
export class ProtobufWriter {
  #buffer: Buffer;
  #end = 0;

  /** `expected`: what is no larger is not copied while it grows. */
  constructor(expected = 4_096) {
    this.#buffer = Buffer.allocUnsafe(expected);
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#end);
  }

  text(field: number, value: string): this {
    return value === "" ? this : this.string(field, value);
  }

  /** A text, even where it is empty. What is no whole character is written as the one that says so. */
  string(field: number, value: string): this {
    this.#tag(field, 2);
    this.#reserve(value.length * 3 + 10);
    if (this.#plain(value)) return this;
    this.#varint(Buffer.byteLength(value));
    this.#end += this.#buffer.write(value, this.#end);
    return this;
  }

  /** Most texts are short and of ASCII: that is faster here than asking for it. False: this one is not. */
  #plain(value: string): boolean {
    const { length } = value;
    if (length > mostPlain) return false;
    const from = this.#end + 1;
    for (let at = 0; at < length; at += 1) {
      const code = value.charCodeAt(at);
      if (code >= 0x80) return false;
      this.#buffer[from + at] = code;
    }
    this.#buffer[this.#end] = length;
    this.#end = from + length;
    return true;
  }

  /** Bytes that are written in hexadecimal. */
  hex(field: number, text: string): this {
    this.#tag(field, 2);
    this.#reserve(text.length + 10);
    this.#varint(text.length / 2);
    this.#end += this.#buffer.write(text, this.#end, "hex");
    return this;
  }

  /** A message or bytes, even where they are empty. */
  block(field: number, bytes: Uint8Array): this {
    this.#tag(field, 2);
    this.#reserve(bytes.length + 10);
    this.#varint(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
    return this;
  }

  message(field: number, write: (writer: this) => unknown): this {
    const at = this.begin(field);
    write(this);
    return this.end(at);
  }

  /** The same in two steps, for messages of which there are many. Gives what `end` takes. */
  begin(field: number): number {
    this.#tag(field, 2);
    this.#reserve(1);
    return this.#end++;
  }

  end(at: number): this {
    const length = this.#end - at - 1;
    if (length < 0x80) {
      this.#buffer[at] = length;
      return this;
    }
    const more = countBytes(length) - 1;
    this.#reserve(more);
    this.#buffer.copyWithin(at + 1 + more, at + 1, this.#end);
    this.#end = at;
    this.#varint(length);
    this.#end += length;
    return this;
  }

  /** Also of numbers below zero, which take ten bytes. */
  varint(field: number, value: number): this {
    this.#tag(field, 0);
    this.#reserve(10);
    if (value >= 0) this.#varint(value);
    else this.#negative(value);
    return this;
  }

  fixed64(field: number, value: number): this {
    this.#tag(field, 1);
    return this.#fixed(value);
  }

  /** Milliseconds as nanoseconds, which a number does not hold: microseconds are as fine as a clock is. */
  nanos(field: number, ms: number): this {
    this.#tag(field, 1);
    const micros = Math.round(ms * 1_000);
    const low = (micros % word) * 1_000;
    const high = Math.floor(micros / word) * 1_000 + Math.floor(low / word);
    return this.#words(low % word, high);
  }

  double(field: number, value: number): this {
    this.#tag(field, 1);
    this.#reserve(8);
    this.#end = this.#buffer.writeDoubleLE(value, this.#end);
    return this;
  }

  /** A list of them in one field, as lists of numbers are written. */
  doubles(field: number, values: readonly number[]): this {
    this.#packed(field, values.length);
    for (const value of values) this.#end = this.#buffer.writeDoubleLE(value, this.#end);
    return this;
  }

  fixed64s(field: number, values: readonly number[]): this {
    this.#packed(field, values.length);
    for (const value of values) this.#fixed(value);
    return this;
  }

  #packed(field: number, count: number): void {
    this.#tag(field, 2);
    this.#reserve(10 + count * 8);
    this.#varint(count * 8);
  }

  #fixed(value: number): this {
    return this.#words(value % word, Math.floor(value / word));
  }

  #words(low: number, high: number): this {
    this.#reserve(8);
    this.#end = this.#buffer.writeUInt32LE(low, this.#end);
    this.#end = this.#buffer.writeUInt32LE(high, this.#end);
    return this;
  }

  #tag(field: number, wire: number): void {
    this.#reserve(10);
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#end++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#end++] = rest;
  }

  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      this.#buffer[this.#end++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#end++] = Number(rest);
  }

  #reserve(bytes: number): void {
    const wanted = this.#end + bytes;
    if (wanted <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, this.#buffer.length * 2));
    larger.set(this.bytes());
    this.#buffer = larger;
  }
}

const word = 2 ** 32;
/** A length up to here takes one byte, and so much is written faster one by one. */
const mostPlain = 40;

function countBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}
