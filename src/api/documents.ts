import { hash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Identity } from "../authority/identity.ts";
import { metadataPath, toResourceMetadata } from "../mcp/protected-resource.ts";
import { Fault } from "../model/index.ts";

const keysPath = "/.well-known/jwks.json";

/** What anybody may read, pages of other sites included: where tokens come from, and public keys. */
export function isDocument(path: string): boolean {
  return path === keysPath || path === metadataPath || path.startsWith(`${metadataPath}/`);
}

/** As long as a change may take to be seen by whoever read them before. */
const maxAgeSeconds = 300;

const headers: readonly (readonly [string, string])[] = [
  ["access-control-allow-origin", "*"],
  ["cross-origin-resource-policy", "cross-origin"],
];

export function serveDocument(
  identity: Identity,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  answerDocument((path) => findDocument(identity, path), incoming, outgoing);
}

export function answerDocument(
  find: (path: string) => object | null,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  for (const [name, value] of headers) outgoing.setHeader(name, value);
  const { method = "", url = "" } = incoming;
  if (method === "OPTIONS") return answerPreflight(outgoing);
  if (method !== "GET" && method !== "HEAD") {
    throw new Fault("method_not_allowed", "This path takes GET.", {
      details: { allow: ["GET", "HEAD", "OPTIONS"] },
    });
  }
  const document = find(url.split("?", 1)[0]!);
  if (document === null) throw new Fault("not_found", "There is nothing at this path.");
  const body = JSON.stringify(document);
  const etag = `"${hash("sha256", body, "base64url")}"`;
  outgoing.setHeader("cache-control", `public, max-age=${maxAgeSeconds}`);
  outgoing.setHeader("etag", etag);
  if (incoming.headers["if-none-match"] === etag) return void outgoing.writeHead(304).end();
  outgoing.writeHead(200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  outgoing.end(method === "HEAD" ? undefined : body);
}

/** Clients in a browser name the version of their protocol, which has to be allowed first. */
function answerPreflight(outgoing: ServerResponse): void {
  outgoing.writeHead(204, {
    "access-control-allow-methods": "GET",
    "access-control-allow-headers": "accept, mcp-protocol-version, a2a-version",
    "access-control-max-age": String(maxAgeSeconds),
  });
  outgoing.end();
}

function findDocument({ resources, agents }: Identity, path: string): object | null {
  if (path === keysPath) return agents?.tokens.jwks ?? null;
  const described = resources?.describe(path.slice(metadataPath.length)) ?? null;
  return described === null ? null : toResourceMetadata(described);
}
