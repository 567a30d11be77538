import { Fault } from "../model/index.ts";

/**
 * Destinations as configuration lists them, in the one spelling that `toDestination` gives. There is
 * no wildcard: what matches a part of a name also matches names that somebody else registers.
 */
export function parseHosts(listed: readonly string[]): ReadonlySet<string> {
  return new Set(listed.map(parseHost));
}

/** Where both say it may go. */
export function intersect(
  one: ReadonlySet<string>,
  other: ReadonlySet<string>,
): ReadonlySet<string> {
  return new Set([...one].filter((host) => other.has(host)));
}

function parseHost(text: string): string {
  // What ends a host for the parser would make the rest of the entry vanish silently.
  const url =
    /[\s/\\?#@*%]/.test(text) || !URL.canParse(`https://${text}`)
      ? null
      : new URL(`https://${text}`);
  if (url === null || url.hostname === "") {
    throw new Fault("config_invalid", "A credential's host is a name, or a name and a port.");
  }
  return `${url.hostname}:${url.port === "" ? "443" : url.port}`;
}
