import { isScope } from "../model/scope.ts";
import type { TokenRefusal } from "../ports/token-verifier.ts";

/** A resource of ours as RFC 9728 describes it: where tokens for it come from. */
export interface ProtectedResource {
  /** Its identifier: the URL at which clients reach it. */
  readonly resource: string;
  readonly authorizationServers: readonly string[];
  /** The least that makes it of use; more is asked for by a challenge when it is needed. */
  readonly scopes: readonly string[];
  readonly name: string | null;
}

export const metadataPath = "/.well-known/oauth-protected-resource";

/**
 * Where clients look for the metadata of a resource: between its host and its path (RFC 9728 §3.1).
 * A slash that is all of the path goes; one at the end of a longer path stays.
 */
export function toMetadataUrl(resource: string): string {
  const { origin, pathname, search } = new URL(resource);
  return `${origin}${metadataPath}${pathname === "/" ? "" : pathname}${search}`;
}

/** The document. What would be empty is left out (RFC 9728 §3.2). */
export function toResourceMetadata(
  described: ProtectedResource,
): Readonly<Record<string, unknown>> {
  const { resource, authorizationServers, name } = described;
  const scopes = withoutOffline(described.scopes);
  return Object.freeze({
    resource,
    ...(authorizationServers.length === 0 ? {} : { authorization_servers: authorizationServers }),
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    // Not in the query, which is logged, and not in a form.
    bearer_methods_supported: ["header"],
    ...(name === null ? {} : { resource_name: name }),
  });
}

export interface BearerChallenge {
  readonly resource: string;
  /** Null where no token came: then nothing is wrong with one (RFC 6750 §3.1). */
  readonly error: BearerError | null;
  readonly description: string | null;
  /** All that the request needs, at once. */
  readonly scopes: readonly string[];
}

export type BearerError = "invalid_token" | "insufficient_scope";

/** The value of `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1). */
export function toBearerChallenge(challenge: BearerChallenge): string {
  const { resource, error, description } = challenge;
  const scopes = withoutOffline(challenge.scopes).filter(isScope);
  const members = [
    ["resource_metadata", toMetadataUrl(resource)],
    ["error", error],
    ["error_description", description === null ? null : toDescription(description)],
    ["scope", scopes.length === 0 ? null : scopes.join(" ")],
  ] as const;
  return `Bearer ${members.flatMap(([name, value]) => (value === null ? [] : [`${name}="${value}"`])).join(", ")}`;
}

/** How a refused token is answered: with a new token, with a better one, or later. */
export function toBearerAnswer(why: TokenRefusal): BearerAnswer {
  if (why === "scope") return { status: 403, error: "insufficient_scope" };
  if (why === "unavailable") return { status: 503, error: null };
  return { status: 401, error: "invalid_token" };
}

export interface BearerAnswer {
  readonly status: 401 | 403 | 503;
  readonly error: BearerError | null;
}

/** MCP asks servers not to name it: it concerns the client and its authorization server. */
function withoutOffline(scopes: readonly string[]): readonly string[] {
  return scopes.filter((each) => each !== "offline_access");
}

/** What a quoted string may hold without an escape; readers of this header often know none. */
function toDescription(text: string): string {
  return text.replaceAll('"', "'").replaceAll(/[^\x20-\x7e]|\\/g, "?");
}
