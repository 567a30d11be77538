import type { JSONWebKeySet, JWK } from "jose";
import { parseStrictJson, type Json } from "../../lib/strict-json.ts";
import { Fault } from "../../model/index.ts";
import type { Dialer, DialTarget } from "../../ports/dialer.ts";
import type { Issuer } from "./issuer.ts";

export interface ReadKeysOptions {
  readonly issuer: Issuer;
  readonly dialer: Dialer;
  readonly signal: AbortSignal;
}

/** Large directories publish about ten keys of 3 KB, certificates included. */
const maxDocumentBytes = 262_144;
const maxKeys = 100;

/** The keys that an issuer publishes now. Throws a Fault that says why there are none. */
export async function readKeys(options: ReadKeysOptions): Promise<JSONWebKeySet> {
  const { issuer } = options;
  const uri = issuer.jwksUri ?? (await discoverKeys(options));
  const read = await fetchDocument(options, toTarget(issuer, uri));
  if (read.document === null) throw garbled(issuer, `its key set answers ${read.status}`);
  const { keys } = read.document;
  if (!Array.isArray(keys) || keys.length > maxKeys || !keys.every(isObject)) {
    throw garbled(issuer, "its key set is not one");
  }
  return { keys: keys as unknown as JWK[] };
}

/**
 * Where the metadata says the keys are. Metadata of another issuer is refused: with its keys that
 * issuer could sign in this one's name.
 */
async function discoverKeys(options: ReadKeysOptions): Promise<string> {
  const { issuer } = options;
  for (const url of toMetadataUrls(issuer.issuer)) {
    const { document } = await fetchDocument(options, toTarget(issuer, url));
    if (document === null) continue;
    if (document["issuer"] !== issuer.issuer) {
      throw garbled(issuer, "its metadata names another issuer");
    }
    const uri = document["jwks_uri"];
    if (typeof uri !== "string") throw garbled(issuer, "its metadata names no key set");
    return uri;
  }
  throw garbled(issuer, "it has no metadata");
}

/** OpenID Connect Discovery, RFC 8414, and what RFC 8414 says of both together. */
export function toMetadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  const names = ["openid-configuration", "oauth-authorization-server"] as const;
  const inserted = names.map((name) => `${origin}/.well-known/${name}${path}`);
  const [openId, oauth] = inserted as [string, string];
  return [...new Set([`${origin}${path}/.well-known/${names[0]}`, oauth, openId])];
}

/**
 * What is configured may be private if configuration says so, and so may what lies beside it. A place
 * on another host that only the metadata names has to be public and https.
 */
function toTarget(issuer: Issuer, url: string): DialTarget {
  const parsed = URL.parse(url);
  if (parsed === null) throw garbled(issuer, "its metadata names a key set that is not a URL");
  const isOwn = url === issuer.jwksUri || parsed.origin === new URL(issuer.issuer).origin;
  if (!isOwn && parsed.protocol !== "https:") {
    throw new Fault("address_refused", `${parsed.host} is plaintext, which keys never come over.`);
  }
  const tls = isOwn ? issuer.tls : null;
  return { url, private: isOwn && issuer.private, tls, connections: 1 };
}

interface Fetched {
  readonly status: number;
  /** Null unless the status is 200. */
  readonly document: Readonly<Record<string, Json>> | null;
}

async function fetchDocument(options: ReadKeysOptions, target: DialTarget): Promise<Fetched> {
  const { issuer, dialer, signal } = options;
  const { pathname, search } = new URL(target.url);
  const origin = dialer.open(target);
  try {
    const answer = await origin.request({
      method: "GET",
      path: `${pathname}${search}`,
      headers: { accept: "application/json" },
      body: null,
      signal,
    });
    if (answer.status !== 200) {
      answer.discard();
      return { status: answer.status, document: null };
    }
    const read = parseStrictJson(await answer.text(maxDocumentBytes));
    if (read.kind === "refused" || !isObject(read.value)) {
      throw garbled(issuer, "it answers with something that is not one JSON object");
    }
    return { status: 200, document: read.value };
  } finally {
    await origin.close();
  }
}

function isObject(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function garbled({ issuer }: Issuer, why: string): Fault {
  return new Fault("upstream_garbled", `The keys of ${issuer} cannot be read: ${why}.`);
}
