import { EgressRefusal } from "./refusal.ts";

const handshakeRecord = 22;
const clientHello = 1;
const serverNameExtension = 0;
const encryptedHelloExtension = 0xfe0d;

/** The alert that TLS has for it: unrecognized_name, fatal. */
export const unrecognizedName = Buffer.from([21, 3, 3, 0, 2, 2, 112]);

export function isTls(firstByte: number): boolean {
  return firstByte === handshakeRecord;
}

/**
 * The name that a first flight of TLS asks for; null: it is not whole yet. Records may cut the message
 * anywhere. A name that is encrypted cannot be judged, so a hello that may hold one is refused.
 */
export function readServerName(flight: Buffer): string | null {
  const message = joinRecords(flight);
  if (message === null) return null;
  const hello = new Cursor(message);
  // The version, the random bytes, the session, the ciphers, the compressions.
  hello.skip(34);
  hello.take(1);
  hello.take(2);
  hello.take(1);
  const extensions = new Cursor(hello.take(2));
  hello.end();
  const names: Buffer[] = [];
  while (extensions.left > 0) {
    const kind = extensions.number(2);
    const content = extensions.take(2);
    if (kind === encryptedHelloExtension) throw refuse("hides its name (ECH)");
    if (kind === serverNameExtension) names.push(content);
  }
  if (names.length !== 1) throw refuse(names.length === 0 ? "has no SNI" : "has two SNIs");
  return readOnlyName(names[0]!);
}

function readOnlyName(extension: Buffer): string {
  const outer = new Cursor(extension);
  const list = new Cursor(outer.take(2));
  outer.end();
  const kind = list.number(1);
  const name = list.take(2);
  list.end();
  if (kind !== 0) throw refuse("has an SNI that is no host name");
  return name.toString("latin1");
}

/** A hello of a few hundred bytes to a few thousand comes in one; nobody needs more. */
const mostRecords = 8;

/** The client hello out of its records; null: more bytes are needed. Cheap to ask again for each byte. */
function joinRecords(flight: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = 0, held = 0; parts.length < mostRecords;) {
    if (flight.length < at + 5) return null;
    if (flight[at] !== handshakeRecord || flight[at + 1] !== 3) throw refuse("is no client hello");
    const length = flight.readUInt16BE(at + 3);
    if (length === 0 || length > 16_384) throw refuse("is no client hello");
    if (flight.length < at + 5 + length) return null;
    parts.push(flight.subarray(at + 5, at + 5 + length));
    at += 5 + length;
    held += length;
    if (parts[0]![0] !== clientHello) throw refuse("is no client hello");
    const start = Buffer.concat(parts.map((part) => part.subarray(0, 4)));
    const whole = start.length < 4 ? null : 4 + start.readUIntBE(1, 3);
    if (whole !== null && held >= whole) return Buffer.concat(parts).subarray(4, whole);
  }
  throw refuse("is in too many records");
}

/** Reads what has its length before it, and never beyond the end. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  skip(count: number): void {
    if (count > this.left) throw refuse("is cut short");
    this.#at += count;
  }

  number(bytes: 1 | 2): number {
    this.skip(bytes);
    return this.#bytes.readUIntBE(this.#at - bytes, bytes);
  }

  take(lengthBytes: 1 | 2): Buffer {
    const length = this.number(lengthBytes);
    this.skip(length);
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  end(): void {
    if (this.left > 0) throw refuse("has more than it says");
  }
}

function refuse(what: string): EgressRefusal {
  return new EgressRefusal("forbidden", `the start of TLS ${what}`);
}
