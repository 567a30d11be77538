/** What a certificate is written in: a tag, a length, and what is in it. */
export type Der = Buffer;

function toLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

const write = (tag: number, content: Uint8Array): Der =>
  Buffer.concat([Buffer.from([tag]), toLength(content.length), content]);

export const sequence = (...parts: readonly Der[]): Der => write(0x30, Buffer.concat(parts));
export const set = (...parts: readonly Der[]): Der => write(0x31, Buffer.concat(parts));
export const octets = (bytes: Uint8Array): Der => write(0x04, bytes);
export const truth: Der = write(0x01, Buffer.from([0xff]));
export const utf8 = (text: string): Der => write(0x0c, Buffer.from(text, "utf8"));

/** `[number]` around what it holds; `plain` where its content is no structure. */
export const tagged = (number: number, ...parts: readonly Der[]): Der =>
  write(0xa0 | number, Buffer.concat(parts));
export const plain = (number: number, content: Uint8Array): Der => write(0x80 | number, content);

/** Of bytes with the highest first: never read as a negative one, and without zeros before it. */
export function integer(bytes: Uint8Array): Der {
  const first = bytes.findIndex((byte) => byte !== 0);
  const rest = first < 0 ? Buffer.from([0]) : bytes.subarray(first);
  return write(0x02, rest[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), rest]) : rest);
}

/** All bits are used, or `unused` of the last byte's are not. */
export const bits = (bytes: Uint8Array, unused = 0): Der =>
  write(0x03, Buffer.concat([Buffer.from([unused]), bytes]));

export function objectId(text: string): Der {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const parts = [first * 40 + second, ...rest].flatMap((part) => {
    const bytes = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) bytes.unshift(0x80 | (left & 0x7f));
    return bytes;
  });
  return write(0x06, Buffer.from(parts));
}

/** Two digits of the year until 2049, and four from then on, as certificates want it. */
export function time(ms: number): Der {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d{3}/g, "");
  const isShort = ms < Date.UTC(2050, 0) && ms >= Date.UTC(1950, 0);
  return isShort ? write(0x17, Buffer.from(text.slice(2))) : write(0x18, Buffer.from(text));
}
