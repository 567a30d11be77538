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
 */
export function readCallback(
  as: AuthorizationServer,
  client: Client,
  { callbackUrl, state }: Extract<TokenGrant, { kind: "code" }>,
): URLSearchParams | IssuerRefusal {
  try {
    const callback = validateAuthResponse(as, client, new URL(callbackUrl), state);
    const [code = "", ...more] = callback.getAll("code");
    return code !== "" && more.length === 0 ? callback : invalid;
  } catch (error) {
    if (!(error instanceof AuthorizationResponseError)) return invalid;
    return { kind: "refused", error: toCode(error.error) };
  }
}
