import {
  AuthorizationResponseError,
  validateAuthResponse,
  type AuthorizationServer,
  type Client,
} from "oauth4webapi";
import type { IssuerRefusal, TokenGrant } from "../../ports/credentials.ts";
import { toCode } from "./to-answer.ts";

const invalid: IssuerRefusal = { kind: "refused", error: "response_invalid" };

/**
 * Checks state, `iss` (RFC 9207) and the errors that the issuer sent along. The browser brought it, so
 * anybody may have made it: what is wrong with it is no failure of the issuer.
 *
 * An `iss` has to be there where the metadata promises it, which the library checks. One that is there
 * has to be the issuer's, promised or not; the library lets an empty one pass.
 */
export function readCallback(
  as: AuthorizationServer,
  client: Client,
  { callbackUrl, state }: Extract<TokenGrant, { kind: "code" }>,
): URLSearchParams | IssuerRefusal {
  try {
    const url = new URL(callbackUrl);
    if (url.searchParams.getAll("iss").some((iss) => iss !== as.issuer)) return invalid;
    const callback = validateAuthResponse(as, client, url, state);
    const [code = "", ...more] = callback.getAll("code");
    return code !== "" && more.length === 0 ? callback : invalid;
  } catch (error) {
    if (!(error instanceof AuthorizationResponseError)) return invalid;
    return { kind: "refused", error: toCode(error.error) };
  }
}
