import type { Take } from "./first-bytes.ts";
import { toPlace, type Place } from "./place.ts";
import { EgressRefusal, refusals } from "./refusal.ts";

export const socksVersion = 5;
export const socksWelcome = Buffer.from([socksVersion, 0]);
export const socksNoMethod = Buffer.from([socksVersion, 0xff]);

/** The first byte of an answer says how it went; where we are is nobody's business. */
export function toSocksAnswer(code: number): Buffer {
  return Buffer.from([socksVersion, code, 0, 1, 0, 0, 0, 0, 0, 0]);
}

export function toSocksRefusal({ kind }: EgressRefusal): Buffer {
  return toSocksAnswer(refusals[kind].socks);
}

/** RFC 1928: the methods that the program knows, of which only the one without a password is. */
export const takeSocksGreeting: Take<boolean> = (held) => {
  const count = held[1];
  if (count === undefined || held.length < 2 + count) return null;
  return { value: held.subarray(2, 2 + count).includes(0), used: 2 + count };
};

const [ofV4, ofName, ofV6] = [1, 3, 4];

/** A connection to a name. One to an address is parsed, so that the log can say which. */
export const takeSocksRequest: Take<Place> = (held) => {
  if (held.length < 5) return null;
  const [version, command, reserved, kind, first] = held;
  if (version !== socksVersion || reserved !== 0) throw malformed("is not one");
  if (command !== 1) throw malformed("wants another thing than to connect");
  const length = kind === ofV4 ? 4 : kind === ofV6 ? 16 : kind === ofName ? 1 + first! : null;
  if (length === null) throw malformed("has an address of no known kind");
  if (held.length < 4 + length + 2) return null;
  const address = held.subarray(4, 4 + length);
  const host = kind === ofName ? address.toString("latin1", 1) : toText(address);
  return { value: toPlace(host, held.readUInt16BE(4 + length)), used: 4 + length + 2 };
};

function toText(address: Buffer): string {
  if (address.length === 4) return address.join(".");
  const words = Array.from({ length: 8 }, (_, at) => address.readUInt16BE(2 * at).toString(16));
  return `[${words.join(":")}]`;
}

function malformed(what: string): EgressRefusal {
  return new EgressRefusal("malformed", `the SOCKS request ${what}`);
}
