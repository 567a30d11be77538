import { isTls, readServerName, unrecognizedName } from "./client-hello.ts";
import { carryRequest } from "./carry-request.ts";
import type { Take } from "./first-bytes.ts";
import type { Line } from "./line.ts";
import { isSamePlace, parsePlace, requireSame, toHostLine, toPlace, type Place } from "./place.ts";
import { EgressRefusal, toHttpRefusal } from "./refusal.ts";
import { takeRequestHead, type RequestHead } from "./request-head.ts";
import type { Permission } from "./rules.ts";
import {
  socksNoMethod,
  socksVersion,
  socksWelcome,
  takeSocksGreeting,
  takeSocksRequest,
  toSocksAnswer,
  toSocksRefusal,
} from "./socks.ts";
import { speakBound } from "./speak-bound.ts";

interface Permitted {
  readonly place: Place;
  readonly permission: Permission;
}

const takeFirst: Take<number> = (held) => (held.length === 0 ? null : { value: held[0]!, used: 0 });

/**
 * Reads what is asked for, judges it, reaches it and carries it; throws the refusal. One request on one
 * connection, so that nothing behind the first is ever carried unjudged.
 */
export async function speakProxy(line: Line): Promise<string> {
  if ((await line.read(takeFirst)) === socksVersion) return speakSocks(line);
  const head = await line.read(takeRequestHead());
  return head.method === "CONNECT" ? openTunnel(line, head) : forwardRequest(line, head);
}

async function speakSocks(line: Line): Promise<string> {
  line.seen.protocol = "socks5";
  line.toAnswer = () => socksNoMethod;
  if (!(await line.read(takeSocksGreeting))) {
    throw new EgressRefusal("forbidden", "the program insists on a password");
  }
  line.socket.write(socksWelcome);
  line.toAnswer = toSocksRefusal;
  const permitted = judgePlace(line, await line.read(takeSocksRequest));
  await line.reach(permitted.place);
  line.socket.write(toSocksAnswer(0));
  return speakInside(line, permitted);
}

async function openTunnel(line: Line, head: RequestHead): Promise<string> {
  line.seen.protocol = "connect";
  const permitted = judgePlace(line, parsePlace(head.target, null));
  const { place } = permitted;
  if (head.host !== null) requireSame(parsePlace(head.host, place.port), place);
  if (head.body.kind !== "length" || head.body.bytes !== 0) {
    throw new EgressRefusal("malformed", "CONNECT has no body");
  }
  await line.reach(place);
  line.socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
  return speakInside(line, permitted);
}

/** `GET http://host/path`, as a proxy is asked for plain HTTP. */
async function forwardRequest(line: Line, head: RequestHead): Promise<string> {
  line.seen.protocol = "http";
  const [, authority, rest = "/"] = /^http:\/\/([^/?#]*)([/?][^#]*)?$/i.exec(head.target) ?? [];
  if (authority === undefined) {
    throw new EgressRefusal("malformed", "a proxy is asked with CONNECT or with an http:// URL");
  }
  const permitted = judgePlace(line, parsePlace(authority, 80));
  judgeRequest(line, head, permitted);
  await line.reach(permitted.place);
  const path = rest.startsWith("?") ? `/${rest}` : rest;
  return carryPlain(line, head, { path, place: permitted.place });
}

/** In a tunnel the first byte says which it is: TLS, of which the name is read, or a request. */
async function speakInside(line: Line, permitted: Permitted): Promise<string> {
  line.toAnswer = () => "";
  if (isTls(await line.read(takeFirst))) return speakTls(line, permitted);
  line.toAnswer = toHttpRefusal;
  const head = await line.read(takeRequestHead());
  if (!/^\/[^#]*$/.test(head.target)) {
    throw new EgressRefusal("malformed", "a request in a tunnel names a path");
  }
  judgeRequest(line, head, permitted);
  return carryPlain(line, head, { path: head.target, place: permitted.place });
}

async function speakTls(line: Line, { place, permission }: Permitted): Promise<string> {
  line.toAnswer = () => unrecognizedName;
  if (!permission.tls) {
    throw new EgressRefusal("forbidden", `the rules for ${place.host} are for plain HTTP`);
  }
  const name = await line.read((held) => {
    const value = readServerName(held);
    return value === null ? null : { value, used: 0 };
  });
  const named = toPlace(name, place.port);
  if (!isSamePlace(named, place)) {
    throw new EgressRefusal("forbidden", `the SNI is ${named.host} and not ${place.host}`);
  }
  const bound = line.findBound(place);
  if (bound !== null) return speakBound(line, { place, bound });
  return line.carry(() => line.first.next());
}

/** Nothing is resolved before: a lookup tells others the name. */
function judgePlace({ seen, permit }: Line, place: Place): Permitted {
  seen.host = place.host;
  seen.port = place.port;
  return { place, permission: permit(place) };
}

function judgeRequest(line: Line, head: RequestHead, { place, permission }: Permitted): void {
  line.seen.method = head.method;
  if (head.host !== null) requireSame(parsePlace(head.host, 80), place);
  if (head.method === "CONNECT" || !permission.allowsMethod(head.method)) {
    const what = `${head.method} in plain text to ${place.host}:${place.port}`;
    throw new EgressRefusal("forbidden", `no egress rule allows ${what}`);
  }
}

function carryPlain(
  line: Line,
  head: RequestHead,
  { path, place }: { readonly path: string; readonly place: Place },
): Promise<string> {
  const host = toHostLine(place, 80);
  return carryRequest(line, head, { path, host, isUpgrade: false });
}
