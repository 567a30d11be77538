/**
 * Arrays in Postgres's binary wire form. `pg` sends a Buffer parameter as binary, so an array of
 * byte strings costs a copy instead of a text of escaped hex digits twice its size.
 */
const oids = { int4: 23, int8: 20, uuid: 2950, bytea: 17, text: 25 } as const;

export function encodeInt4Array(values: readonly number[]): Buffer {
  return encodeFixed({ oid: oids.int4, width: 4, values }, (out, offset, value) => {
    out.writeInt32BE(value, offset);
  });
}

export function encodeInt8Array(values: readonly (number | bigint | null)[]): Buffer {
  return encodeFixed({ oid: oids.int8, width: 8, values }, writeInt8);
}

export function encodeUuidArray(values: readonly (string | null)[]): Buffer {
  return encodeFixed({ oid: oids.uuid, width: 16, values }, writeUuid);
}

export function encodeByteaArray(values: readonly Uint8Array[]): Buffer {
  return encodeVariable(oids.bytea, values);
}

export function encodeTextArray(values: readonly string[]): Buffer {
  return encodeVariable(
    oids.text,
    values.map((value) => Buffer.from(value, "utf8")),
  );
}

export function encodeUuid(value: string): Buffer {
  const out = Buffer.allocUnsafe(16);
  writeUuid(out, 0, value);
  return out;
}

export function encodeInt8(value: number | bigint): Buffer {
  const out = Buffer.allocUnsafe(8);
  writeInt8(out, 0, value);
  return out;
}

interface Fixed<Value> {
  readonly oid: number;
  readonly width: number;
  readonly values: readonly (Value | null)[];
}

function encodeFixed<Value>(
  { oid, width, values }: Fixed<Value>,
  write: (out: Buffer, offset: number, value: Value) => void,
): Buffer {
  const nulls = values.filter((value) => value === null).length;
  const out = Buffer.allocUnsafe(headerBytes + values.length * (4 + width) - nulls * width);
  let offset = writeHeader(out, { oid, count: values.length, nulls: nulls > 0 });
  for (const value of values) {
    out.writeInt32BE(value === null ? -1 : width, offset);
    offset += 4;
    if (value === null) continue;
    write(out, offset, value);
    offset += width;
  }
  return out;
}

function encodeVariable(oid: number, values: readonly Uint8Array[]): Buffer {
  const size = values.reduce((sum, value) => sum + 4 + value.byteLength, headerBytes);
  const out = Buffer.allocUnsafe(size);
  let offset = writeHeader(out, { oid, count: values.length, nulls: false });
  for (const value of values) {
    out.writeInt32BE(value.byteLength, offset);
    out.set(value, offset + 4);
    offset += 4 + value.byteLength;
  }
  return out;
}

const headerBytes = 20;

function writeHeader(out: Buffer, header: { oid: number; count: number; nulls: boolean }): number {
  // One dimension, whether there are nulls, the element's type, its length, counted from 1.
  out.writeInt32BE(1, 0);
  out.writeInt32BE(header.nulls ? 1 : 0, 4);
  out.writeInt32BE(header.oid, 8);
  out.writeInt32BE(header.count, 12);
  out.writeInt32BE(1, 16);
  return headerBytes;
}

function writeUuid(out: Buffer, offset: number, value: string): void {
  const written = out.write(value.replaceAll("-", ""), offset, 16, "hex");
  if (written !== 16) throw new Error(`not a UUID: ${value}`);
}

function writeInt8(out: Buffer, offset: number, value: number | bigint): void {
  if (typeof value === "bigint") {
    out.writeBigInt64BE(value, offset);
    return;
  }
  // Splitting a double is twice as fast as a BigInt, and exact up to 2^53.
  out.writeInt32BE(Math.floor(value / 2 ** 32), offset);
  out.writeUInt32BE(value >>> 0, offset + 4);
}
