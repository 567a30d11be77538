import { discoveryRequest, processDiscoveryResponse, type AuthorizationServer } from "oauth4webapi";
import type { Clock } from "../../ports/clock.ts";
import type { IssuerPlace } from "../../ports/credentials.ts";
import { toOptions } from "./exchange.ts";
import type { IssuerFetch } from "./issuer-fetch.ts";

/** What is known of an issuer, asked for at most this often. */
const freshMs = 10 * 60_000;
/** More issuers than a configuration has servers. */
const maxIssuers = 1_000;

export type ReadMetadata = (place: IssuerPlace, fetch: IssuerFetch) => Promise<AuthorizationServer>;

export function createMetadata(clock: Clock): ReadMetadata {
  const known = new Map<
    string,
    { readonly read: Promise<AuthorizationServer>; readonly atMs: number }
  >();

  return async (place, fetch) => {
    if (place.kind === "stated") return toStated(place);
    const key = `${place.private ? "private" : "public"} ${place.issuer}`;
    const found = known.get(key);
    if (found !== undefined && clock.monotonicMs() - found.atMs < freshMs) return found.read;
    const read = discover(place.issuer, fetch);
    known.delete(key);
    if (known.size >= maxIssuers) known.delete(known.keys().next().value!);
    known.set(key, { read, atMs: clock.monotonicMs() });
    try {
      return await read;
    } catch (error) {
      // A failure is not remembered; the broker's backoff keeps calls away.
      if (known.get(key)?.read === read) known.delete(key);
      throw error;
    }
  };
}

/** RFC 8414 first, then OpenID's place. The answer has to be for this very issuer. */
async function discover(issuer: string, fetch: IssuerFetch): Promise<AuthorizationServer> {
  const url = new URL(issuer);
  const first = await ask(url, "oauth2", fetch);
  const response = first.status === 404 ? await ask(url, "oidc", fetch) : first;
  return processDiscoveryResponse(url, response);
}

function ask(url: URL, algorithm: "oauth2" | "oidc", fetch: IssuerFetch): Promise<Response> {
  return discoveryRequest(url, { algorithm, ...toOptions(fetch) });
}

/** What the operator states, the operator vouches for: S256 included. */
function toStated(place: Extract<IssuerPlace, { kind: "stated" }>): AuthorizationServer {
  return {
    issuer: place.issuer,
    token_endpoint: place.token,
    ...(place.authorization === null ? {} : { authorization_endpoint: place.authorization }),
    ...(place.revocation === null ? {} : { revocation_endpoint: place.revocation }),
    code_challenge_methods_supported: ["S256"],
  };
}
