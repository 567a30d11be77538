/**
 * How much of a batch a collector says it does not take, of its answer: spans, points or lines. What cannot be
 * read counts as none: it has answered that it took them.
 */
export function readRejected(bytes: Uint8Array): number {
  const partial = findField(bytes, 1);
  const rejected = partial instanceof Uint8Array ? findField(partial, 1) : null;
  return typeof rejected === "bigint" && rejected > 0n ? Number(rejected) : 0;
}

type Field = bigint | Uint8Array;

/** The last of them, as proto3 has it; null: there is none, or the bytes are no message. */
function findField(bytes: Uint8Array, wanted: number): Field | null {
  const reader = { bytes, at: 0 };
  let found: Field | null = null;
  while (reader.at < bytes.length) {
    const tag = readVarint(reader);
    const value = tag === null ? null : readValue(reader, Number(tag & 7n));
    if (tag === null || value === null) return null;
    if (tag >> 3n === BigInt(wanted)) found = value;
  }
  return found;
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function readValue(reader: Reader, wire: number): Field | null {
  if (wire === 0) return readVarint(reader);
  const length = wire === 1 ? 8n : wire === 5 ? 4n : wire === 2 ? readVarint(reader) : null;
  if (length === null || length > BigInt(reader.bytes.length - reader.at)) return null;
  const from = reader.at;
  reader.at += Number(length);
  return reader.bytes.subarray(from, reader.at);
}

function readVarint(reader: Reader): bigint | null {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.bytes[reader.at];
    if (byte === undefined) return null;
    reader.at += 1;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return null;
}
