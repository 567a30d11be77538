import type { Identity } from "../authority/identity.ts";
import { toBearerAnswer, toBearerChallenge } from "../mcp/protected-resource.ts";
import { Fault } from "../model/index.ts";
import type { RefusedToken } from "../ports/token-verifier.ts";

export interface Challenged {
  /** The resource that was asked for. */
  readonly place: string;
  /** Null where no key and no token came. */
  readonly refused: RefusedToken | null;
}

/** A no to whoever is not known, with where to get a token that helps (RFC 6750, RFC 9728). */
export function toChallenge({ resources }: Identity, { place, refused }: Challenged): Fault {
  const answer = refused === null ? null : toBearerAnswer(refused.why);
  if (answer?.status === 503) return new Fault("issuer_unavailable", refused!.message);
  const details =
    resources === null
      ? {}
      : {
          challenge: toBearerChallenge({
            resource: `${resources.publicUrl}${place}`,
            error: answer?.error ?? null,
            description: refused?.message ?? null,
            scopes: resources.scopes,
          }),
        };
  if (refused === null) {
    return new Fault("unauthenticated", "The request has no API key and no token.", { details });
  }
  const code = answer?.status === 403 ? "forbidden" : "unauthenticated";
  return new Fault(code, refused.message, { details });
}

export const forAnother: RefusedToken = Object.freeze({
  kind: "refused",
  why: "audience",
  message: "The token was not issued for this resource.",
});
