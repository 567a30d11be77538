export type AddressClass = "public" | "private" | "forbidden";

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

interface Range {
  readonly bits: 32 | 128;
  readonly shift: bigint;
  /** The network without the bits of its hosts. */
  readonly prefix: bigint;
}

type Written = readonly [network: string, prefix: number];

/** Reachable only from inside: allowed where configuration says so. */
const privates = (
  [
    ["10.0.0.0", 8],
    ["172.16.0.0", 12],
    ["192.168.0.0", 16],
    ["127.0.0.0", 8],
    ["100.64.0.0", 10],
    ["198.18.0.0", 15],
    ["::1", 128],
    ["fc00::", 7],
  ] satisfies readonly Written[]
).map(toRange);

/** Never a server of anybody's: metadata services live in the link-local ranges. */
const forbidden = (
  [
    ["0.0.0.0", 8],
    ["169.254.0.0", 16],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 4],
    ["240.0.0.0", 4],
    ["100.100.100.200", 32],
    ["::", 128],
    ["fe80::", 10],
    ["fec0::", 10],
    ["ff00::", 8],
    ["100::", 64],
    ["2001:db8::", 32],
    ["fd00:ec2::254", 128],
    ["fd20:ce::254", 128],
  ] satisfies readonly Written[]
).map(toRange);

function toRange([network, prefix]: readonly [string, number]): Range {
  const { bits, value } = parseAddress(network)!;
  const shift = BigInt(bits - prefix);
  return { bits, shift, prefix: value >> shift };
}

/** What kind of place an address is; one that carries another inside is judged by both. */
export function classifyAddress(text: string): AddressClass {
  const address = parseAddress(text);
  if (address === null) return "forbidden";
  const inner = embeddedV4(address);
  return inner === null ? classify(address) : worse(classify(address), classify(inner));
}

function classify({ bits, value }: Address): AddressClass {
  const isIn = (range: Range) => range.bits === bits && value >> range.shift === range.prefix;
  if (forbidden.some(isIn)) return "forbidden";
  return privates.some(isIn) ? "private" : "public";
}

const order: readonly AddressClass[] = ["public", "private", "forbidden"];
function worse(one: AddressClass, other: AddressClass): AddressClass {
  return order.indexOf(one) > order.indexOf(other) ? one : other;
}

/** The IPv4 address in a mapped, compatible, NAT64, 6to4 or Teredo address; null: there is none. */
function embeddedV4({ bits, value }: Address): Address | null {
  if (bits === 32) return null;
  const toV4 = (inner: bigint): Address => ({ bits: 32, value: inner & 0xffff_ffffn });
  const [head, top] = [value >> 32n, value >> 96n];
  if (head === 0xffffn || head === 0xffff_0000n) return toV4(value);
  if (head === 0n && value > 1n) return toV4(value);
  if (top === 0x64_ff9bn) return toV4(value);
  if (top >> 16n === 0x2002n) return toV4(value >> 80n);
  if (top === 0x2001_0000n) return toV4(value ^ 0xffff_ffffn);
  return null;
}

/** Null: it is no address in the one strict notation of its family. A zone behind `%` says nothing here. */
export function parseAddress(text: string): Address | null {
  const v4 = parseV4(text);
  if (v4 !== null) return { bits: 32, value: v4 };
  const [, bare] = /^([0-9a-fA-F:.]{2,45})(?:%[0-9a-zA-Z.:-]+)?$/.exec(text) ?? [];
  const words = bare?.includes(":") === true ? toWords(bare) : null;
  return words === null
    ? null
    : { bits: 128, value: words.reduce((value, word) => (value << 16n) | BigInt(word), 0n) };
}

function parseV4(text: string): bigint | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1) ?? [];
  const isStrict = parts.every((part) => Number(part) < 256 && String(Number(part)) === part);
  if (parts.length !== 4 || !isStrict) return null;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

/** The eight words of an IPv6 address. */
function toWords(text: string): readonly number[] | null {
  const dotted = /^(.*:)([\d.]+)$/.exec(text);
  if (dotted !== null && dotted[2]!.includes(".")) {
    const tail = parseV4(dotted[2]!);
    if (tail === null) return null;
    return toWords(`${dotted[1]}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`);
  }
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return null;
  const [before, after] = [toNumbers(head), tail === undefined ? [] : toNumbers(tail)];
  if (before === null || after === null) return null;
  const missing = 8 - before.length - after.length;
  if (tail === undefined) return missing === 0 ? before : null;
  return missing < 1 ? null : [...before, ...Array<number>(missing).fill(0), ...after];
}

function toNumbers(part: string): readonly number[] | null {
  if (part === "") return [];
  const words = part.split(":");
  return words.every((word) => /^[0-9a-fA-F]{1,4}$/.test(word))
    ? words.map((word) => Number.parseInt(word, 16))
    : null;
}
