import { BlockList, isIP, isIPv6 } from "node:net";

export type AddressClass = "public" | "private" | "forbidden";

type Range = readonly [network: string, prefix: number];

/** Reachable only from inside: allowed where configuration says so. */
const privateRanges: readonly Range[] = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["127.0.0.0", 8],
  ["100.64.0.0", 10],
  ["198.18.0.0", 15],
  ["::1", 128],
  ["fc00::", 7],
];

/** Never a server of anybody's: metadata services live in the link-local ranges. */
const forbiddenRanges: readonly Range[] = [
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
];

const privates = toBlockList(privateRanges);
const forbidden = toBlockList(forbiddenRanges);

function toBlockList(ranges: readonly Range[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) {
    list.addSubnet(network, prefix, isIPv6(network) ? "ipv6" : "ipv4");
  }
  return list;
}

/** What kind of place an address is; one that carries another inside is judged by both. */
export function classifyAddress(address: string): AddressClass {
  const family = isIP(address);
  if (family === 0) return "forbidden";
  if (family === 4) return classify(address, "ipv4");
  const inner = embeddedV4(address);
  const outer = classify(address, "ipv6");
  return inner === null ? outer : worse(outer, classify(inner, "ipv4"));
}

function classify(address: string, family: "ipv4" | "ipv6"): AddressClass {
  if (forbidden.check(address, family)) return "forbidden";
  return privates.check(address, family) ? "private" : "public";
}

const order: readonly AddressClass[] = ["public", "private", "forbidden"];
function worse(one: AddressClass, other: AddressClass): AddressClass {
  return order.indexOf(one) > order.indexOf(other) ? one : other;
}

/** The IPv4 address in a mapped, compatible, NAT64, 6to4 or Teredo address; null: there is none. */
function embeddedV4(address: string): string | null {
  const words = toWords(address);
  const tail = [words[6]!, words[7]!] as const;
  const isZero = (from: number, to: number): boolean =>
    words.slice(from, to).every((word) => word === 0);
  if (isZero(0, 5) && words[5] === 0xffff) return toV4(tail);
  if (isZero(0, 4) && words[4] === 0xffff && words[5] === 0) return toV4(tail);
  if (isZero(0, 6) && (words[6] !== 0 || words[7]! > 1)) return toV4(tail);
  if (words[0] === 0x64 && words[1] === 0xff9b) return toV4(tail);
  if (words[0] === 0x2002) return toV4([words[1]!, words[2]!]);
  if (words[0] === 0x2001 && words[1] === 0) return toV4([tail[0] ^ 0xffff, tail[1] ^ 0xffff]);
  return null;
}

function toV4([high, low]: readonly [number, number]): string {
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** The eight words of an address that is known to be IPv6. */
function toWords(address: string): readonly number[] {
  const [bare = ""] = address.split("%", 1);
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(bare);
  const text =
    dotted === null
      ? bare
      : `${dotted[1]}${toHex(dotted[2]!, dotted[3]!)}:${toHex(dotted[4]!, dotted[5]!)}`;
  const [head = "", tail] = text.split("::");
  const before = toNumbers(head);
  if (tail === undefined) return before;
  const after = toNumbers(tail);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function toHex(high: string, low: string): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}

function toNumbers(part: string): readonly number[] {
  return part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16));
}
