import { isIP } from "node:net";

/** What passkeys are for: a host's name, and the one origin where they may be asked. */
export interface PasskeyPlace {
  readonly name: string;
  readonly origin: string;
}

/**
 * Where this server is reached by a browser. Passkeys are never for an IP address, and browsers take
 * `localhost` for the machine that they run on: a server that says no name of its own is that one.
 * Null for an address that is not this machine's.
 */
export function toPlace(publicUrl: string | undefined, listened: string): PasskeyPlace | null {
  const { protocol, hostname, port } = new URL(publicUrl ?? listened);
  const address = hostname.replace(/^\[|\]$/g, "");
  const isHere = publicUrl === undefined || address === "::1" || /^127(?:\.\d+){3}$/.test(address);
  if (isIP(address) !== 0 && !isHere) return null;
  const name = isHere ? "localhost" : hostname;
  return { name, origin: new URL(`${protocol}//${name}${port === "" ? "" : `:${port}`}`).origin };
}
