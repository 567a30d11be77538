import type { Json } from "../../lib/strict-json.ts";
import { toCanonicalHost } from "../../model/canonical-host.ts";
import { compileHostList, type HostList } from "../../model/host-list.ts";
import type { EmailType } from "../../model/parameter-types.ts";
import { quote, toList, type ValueCheck } from "./spelling.ts";

// More recipients than a person reads before approving.
const maxRecipients = 100;
// RFC 5321, 4.5.3.1: local part 64, and a path of 256 less its brackets.
const maxLocalLength = 64;
const maxLength = 254;

/**
 * The strict dot-atom form of RFC 5321 and nothing else: no display names, comments, quotes,
 * routes or address literals, in which an address can hide a second one. `%` and `!` in a local
 * part were routes once, and some relays still follow them.
 */
export function compileEmailCheck({ domains }: EmailType): ValueCheck<Json> {
  const list = compileHostList(domains);
  const allowed = `allowed is name@ ${toList(domains)}`;
  return (value) => {
    const recipients = toRecipients(value);
    if (typeof recipients === "string") return `${recipients}; ${allowed}`;
    for (const recipient of recipients) {
      const why = findWrong(recipient, list);
      if (why !== null) return `${why}; ${allowed}: ${quote(recipient)}`;
    }
    return null;
  };
}

/** The addresses, or what is wrong with the value that holds them. */
function toRecipients(value: Json): readonly string[] | string {
  if (typeof value === "string") {
    if (value.length > maxRecipients * (maxLength + 2)) return "is too long";
    const parts = value.split(",").map((part) => part.replace(/^ +| +$/g, ""));
    return parts.length > maxRecipients ? `names more than ${maxRecipients} addresses` : parts;
  }
  if (!Array.isArray(value)) return "is neither text nor a list of texts";
  const items = value as readonly Json[];
  if (items.length > maxRecipients) return `names more than ${maxRecipients} addresses`;
  return items.every((item): item is string => typeof item === "string")
    ? items
    : "holds an item that is not text";
}

function findWrong(address: string, list: HostList): string | null {
  if (address.length > maxLength) return `has an address longer than ${maxLength} characters`;
  const [local = "", domain, ...more] = address.split("@");
  if (domain === undefined || more.length > 0) return "is not one address with one @";
  const isAtom = /^[A-Za-z0-9#$&'*+/=?^_`{|}-]+(?:\.[A-Za-z0-9#$&'*+/=?^_`{|}-]+)*$/.test(local);
  if (!isAtom || local.length > maxLocalLength)
    return "is not a plain address: letters, digits and single dots before the @";
  const host = toCanonicalHost(domain);
  if (host.kind === "refused") return host.why;
  if (host.kind === "address" || !/^[A-Za-z0-9.-]+$/.test(domain))
    return "has a domain that is no name";
  return list.has(host) ? null : "goes to another domain";
}
