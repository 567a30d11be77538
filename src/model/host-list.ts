import { toCanonicalHost } from "./canonical-host.ts";

/** Whether a canonical host is in a list of exact hosts and `*.suffix` patterns. */
export interface HostList {
  readonly has: (host: { readonly kind: "name" | "address"; readonly host: string }) => boolean;
  /** As they were written, for messages. */
  readonly written: readonly string[];
}

/** `*.` stands for one label or more, never for none, and never for a part of a label. */
export function compileHostList(written: readonly string[]): HostList {
  const exact = new Set<string>();
  const suffixes: string[] = [];
  for (const each of written) {
    const isWild = each.startsWith("*.");
    const parsed = toCanonicalHost(isWild ? each.slice(2) : each);
    if (parsed.kind === "refused") throw new TypeError(`not a host of a list: ${each}`);
    if (isWild) suffixes.push(`.${parsed.host}`);
    else exact.add(parsed.host);
  }
  return {
    written,
    has: ({ kind, host }) =>
      exact.has(host) ||
      (kind === "name" &&
        suffixes.some((suffix) => host.length > suffix.length && host.endsWith(suffix))),
  };
}

/** What a list may hold: `*.com` would be half of the world. */
export function isHostPattern(text: string): boolean {
  if (text !== text.toLowerCase()) return false;
  if (!text.startsWith("*.")) return toCanonicalHost(text).kind !== "refused";
  return text.slice(2).includes(".") && toCanonicalHost(text.slice(2)).kind === "name";
}
