import { toCanonicalHost } from "../../model/canonical-host.ts";
import { EgressRefusal } from "./refusal.ts";

/** Where a program wants to go: a name in canonical spelling, or an address, which no rule can name. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly isAddress: boolean;
}

/**
 * `host:port` as CONNECT, an absolute URL or a Host header writes it; without a port where `defaultPort`
 * says one. Userinfo, spaces and control characters are not characters of a host.
 */
export function parsePlace(text: string, defaultPort: number | null): Place {
  const [, host = "", digits] = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (digits === undefined && defaultPort === null) {
    throw new EgressRefusal("malformed", "the place is not a host and a port");
  }
  return toPlace(host, digits === undefined ? defaultPort! : Number(digits));
}

export function toPlace(text: string, port: number): Place {
  if (port < 1 || port > 65_535) throw new EgressRefusal("malformed", "there is no such port");
  const canonical = toCanonicalHost(text.replace(/(?<=[^.])\.$/, ""));
  if (canonical.kind === "refused") {
    throw new EgressRefusal("malformed", `the request ${canonical.why}`);
  }
  return { host: canonical.host, port, isAddress: canonical.kind === "address" };
}

export function isSamePlace(one: Place, other: Place): boolean {
  return one.host === other.host && one.port === other.port;
}

/** Of a Host header: what is asked for there is what was judged. */
export function requireSame(named: Place, place: Place): void {
  if (isSamePlace(named, place)) return;
  throw new EgressRefusal("malformed", "the Host is not the place that is asked for");
}

/** As a Host header writes it for a protocol with this port. */
export const toHostLine = ({ host, port }: Place, usualPort: number): string =>
  port === usualPort ? host : `${host}:${port}`;
