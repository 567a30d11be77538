import { parseStrictJson, type Json } from "../../lib/strict-json.ts";
import type { RefusedToken } from "../../ports/token-verifier.ts";
import { refuse } from "./refuse.ts";

/** A token as it reads. Nothing of it is proven. */
export interface ReadToken {
  readonly kind: "read";
  readonly algorithm: string;
  readonly keyId: string | null;
  /** Media type in lower case without `application/`; null where there is none. */
  readonly type: string | null;
  readonly claims: Claims;
}

export type Claims = Readonly<Record<string, Json>>;

/** Twice what the largest directories issue with all of a user's groups; most servers take no larger header. */
export const maxTokenBytes = 16_384;

/** Far more than any issuer nests, and few enough that reading costs nothing. */
const maxDepth = 16;
const maxNameLength = 256;

// An empty signature is let through to be refused for its algorithm, which is what is wrong with it.
const compactShape = /^([\w-]+)\.([\w-]+)\.([\w-]*)$/;

/** Reads what nobody could read in another way: one spelling of each part, no member twice. */
export function readToken(token: string): ReadToken | RefusedToken {
  if (token.length > maxTokenBytes) {
    return refuse("malformed", `The token is larger than ${maxTokenBytes} bytes.`);
  }
  const [, first, second, third] = compactShape.exec(token) ?? [];
  if (first === undefined || second === undefined || third === undefined) {
    return refuse("malformed", "The token is not a signed JWT.");
  }
  const header = readPart(first);
  if (header === null) return refuse("malformed", "The token's header is not one JSON object.");
  const claims = readPart(second);
  if (claims === null) return refuse("malformed", "The token's claims are not one JSON object.");
  if (!isCanonical(third)) return refuse("malformed", "The token's signature is not base64url.");
  return readHeader(header, claims);
}

/**
 * Where a key is to be found (`jwk`, `jku`, `x5c`, `x5u`) is never read: keys come from the issuer.
 * What the signer calls critical is refused, since no extension is understood here.
 */
function readHeader(header: Claims, claims: Claims): ReadToken | RefusedToken {
  const { alg, kid = null, typ = null, crit, b64 } = header;
  if (crit !== undefined || b64 !== undefined) {
    return refuse("malformed", "The token asks for an extension that is not understood here.");
  }
  if (typeof alg !== "string") return refuse("malformed", "The token names no algorithm.");
  if (!isName(kid) || !isName(typ)) {
    return refuse("malformed", "The token's header has a member of the wrong kind.");
  }
  const type = typ === null ? null : typ.toLowerCase().replace(/^application\//, "");
  return { kind: "read", algorithm: alg, keyId: kid, type, claims };
}

function isName(value: Json): value is string | null {
  return value === null || (typeof value === "string" && value.length <= maxNameLength);
}

function readPart(part: string): Claims | null {
  if (!isCanonical(part)) return null;
  const read = parseStrictJson(Buffer.from(part, "base64url"), { depth: maxDepth });
  if (read.kind === "refused") return null;
  const { value } = read;
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Claims)
    : null;
}

/** The last character may hold bits that are thrown away: two texts would be one token. */
function isCanonical(part: string): boolean {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}
