import type { IncomingMessage } from "node:http";
import { Fault } from "../model/index.ts";

/** Names under which the server may be called, and pages that may call it. */
export interface CallerRule {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

const loopbackName = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/;

/**
 * A page that rebinds its own name to a loopback address sends that name as Host, and every page
 * of a browser sends its Origin. Neither is trusted to be absent: only known values pass.
 */
export function checkCaller(incoming: IncomingMessage, rule: CallerRule): void {
  checkOrigin(incoming, checkHost(incoming, rule), rule);
}

/** Alone where pages of other sites may read: what is there is the same for everybody. */
export function checkHost(incoming: IncomingMessage, rule: CallerRule): string {
  const host = onlyOne(incoming, "host")?.toLowerCase();
  if (host === undefined) throw new Fault("request_invalid", "The request has no Host header.");
  if (!isOurs(host, incoming, rule)) {
    throw new Fault("host_refused", "The Host header does not name this server.", {
      details: { host: host.slice(0, 261) },
    });
  }
  return host;
}

function checkOrigin(incoming: IncomingMessage, host: string, rule: CallerRule): void {
  const origin = onlyOne(incoming, "origin")?.toLowerCase();
  if (origin === undefined || rule.allowedOrigins.includes(origin)) return;
  if (origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new Fault("origin_refused", "The Origin header names another site.", {
      details: { origin: origin.slice(0, 300) },
    });
  }
}

/** The address that was connected to is no name, so it cannot be rebound: probers use it. */
function isOurs(host: string, { socket }: IncomingMessage, { allowedHosts }: CallerRule): boolean {
  const name = host.replace(/:\d{1,5}$/, "");
  if (loopbackName.test(host) || allowedHosts.includes(host) || allowedHosts.includes(name)) {
    return true;
  }
  const address = socket.localAddress?.replace(/^::ffff:(?=\d+\.)/, "");
  return address !== undefined && name === (address.includes(":") ? `[${address}]` : address);
}

/** Two values of one of these headers would let two readers disagree about the caller. */
export function onlyOne(
  { rawHeaders }: Pick<IncomingMessage, "rawHeaders">,
  name: "host" | "origin" | "authorization",
): string | undefined {
  let found: string | undefined;
  // As they came: what Node has made of them has dropped all but the first.
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const given = rawHeaders[at]!;
    if (given.length !== name.length || given.toLowerCase() !== name) continue;
    if (found !== undefined)
      throw new Fault("request_invalid", `The request has more than one ${name} header.`);
    found = rawHeaders[at + 1];
  }
  return found;
}
