import type { IncomingMessage, ServerResponse } from "node:http";
import { Fault } from "../../model/index.ts";
import type { ConsoleFile, ConsoleFiles } from "./read-console.ts";

/**
 * Its own scripts, styles and fonts, requests to this server, and nothing else; no text of anybody's
 * ever becomes markup or a script.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** Addresses within the page, all of which the page itself answers. */
const pages =
  /^\/(?:|open|costs|settings|ledger|policies|(?:approvals|runs|servers|bundles|receipts)(?:\/[^/]+){0,2})$/;

/** Whether a path is the console's: one of its files, or a place in it. */
export function isConsole(path: string): boolean {
  return pages.test(path) || path.startsWith("/assets/");
}

/** The console is the same for everybody and holds nothing: what it shows it asks for with a key. */
export function serveConsole(
  files: ConsoleFiles | null,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const { method = "", url = "", headers } = incoming;
  if (method !== "GET" && method !== "HEAD") {
    throw new Fault("method_not_allowed", "This path takes GET.", {
      details: { allow: ["GET", "HEAD"] },
    });
  }
  if (files === null)
    throw new Fault("not_found", "The console was not built. `npm run build` builds it.");
  const path = url.split("?", 1)[0]!;
  const file = files.get(path.startsWith("/assets/") ? path : "/index.html");
  if (file === undefined) throw new Fault("not_found", "There is nothing at this path.");
  outgoing.setHeader("content-security-policy", policy);
  outgoing.setHeader("cross-origin-opener-policy", "same-origin");
  outgoing.setHeader("permissions-policy", permissions);
  outgoing.setHeader("cache-control", file.immutable ? forEver : "no-cache");
  outgoing.setHeader("etag", file.etag);
  outgoing.setHeader("vary", "accept-encoding");
  // One of several, or called weak by a proxy that packs: its digest is the same.
  if (headers["if-none-match"]?.includes(file.etag) === true)
    return void outgoing.writeHead(304).end();
  send(outgoing, file, { packed: takesGzip(headers["accept-encoding"]), method });
}

const forEver = "public, max-age=31536000, immutable";
const permissions =
  "camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)";

/** `gzip;q=0` is a no. */
function takesGzip(accepted: string | string[] | undefined): boolean {
  return /(?:^|[,\s])gzip(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/i.test(String(accepted ?? ""));
}

interface Sending {
  readonly packed: boolean;
  readonly method: string;
}

function send(outgoing: ServerResponse, file: ConsoleFile, { packed, method }: Sending): void {
  const bytes = packed && file.gzip !== null ? file.gzip : file.bytes;
  if (bytes === file.gzip) outgoing.setHeader("content-encoding", "gzip");
  outgoing.writeHead(200, { "content-type": file.type, "content-length": bytes.length });
  outgoing.end(method === "HEAD" ? undefined : bytes);
}
