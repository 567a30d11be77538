import {
  INVALID_RESPONSE,
  JSON_ATTRIBUTE_COMPARISON,
  JWT_CLAIM_COMPARISON,
  JWT_TIMESTAMP_CHECK,
  MISSING_SERVER_METADATA,
  OperationProcessingError,
  PARSE_ERROR,
  ResponseBodyError,
  RESPONSE_IS_NOT_CONFORM,
  RESPONSE_IS_NOT_JSON,
  type TokenEndpointResponse,
} from "oauth4webapi";
import { Fault } from "../../model/index.ts";
import type { Granted, IssuerPlace, IssuerRefusal } from "../../ports/credentials.ts";
import { SecretValue } from "../../ports/secrets.ts";

/**
 * A no of the issuer becomes a value, nonsense a Fault. The library's errors hold the answer, tokens
 * included: they are never kept as a cause (I9).
 */
export async function answerOf<T>(
  { issuer }: IssuerPlace,
  ask: () => Promise<T>,
): Promise<T | IssuerRefusal> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (error instanceof ResponseBodyError) return { kind: "refused", error: toCode(error.error) };
    const code = error instanceof OperationProcessingError ? error.code : undefined;
    throw new Fault("upstream_garbled", `${issuer} ${toWhy(code)}.`);
  }
}

/** Codes are words; what is not one is not repeated. */
export function toCode(error: string): string {
  return /^[a-z_]{1,64}$/.test(error) ? error : "unknown_error";
}

const whys: Readonly<Record<string, string>> = {
  [RESPONSE_IS_NOT_JSON]: "answers with something that is not JSON",
  [RESPONSE_IS_NOT_CONFORM]: "answers with a status that the protocol does not have",
  [PARSE_ERROR]: "answers with broken JSON",
  [INVALID_RESPONSE]: "answers with something that is not a token",
  [JSON_ATTRIBUTE_COMPARISON]: "says that it is another issuer",
  [JWT_CLAIM_COMPARISON]: "gives an ID token that is for something else",
  [JWT_TIMESTAMP_CHECK]: "gives an ID token of another time",
  [MISSING_SERVER_METADATA]: "lacks an endpoint that is needed",
};

function toWhy(code: string | undefined): string {
  return whys[code ?? ""] ?? "gives an answer that is not of the protocol";
}

/** Tokens are far smaller; header lines of this length are still taken by common servers. */
const maxTokenLength = 16_384;

const accessTypes: ReadonlySet<unknown> = new Set([
  "urn:ietf:params:oauth:token-type:access_token",
  "urn:ietf:params:oauth:token-type:jwt",
]);

/** Of a token that can be sent as one: a line break in it would be a second header. */
export function toGranted(answer: TokenEndpointResponse): Granted {
  const { access_token: access, refresh_token: refresh, token_type: type } = answer;
  const issued = answer["issued_token_type"];
  const isAccess = issued === undefined || accessTypes.has(issued);
  if (type !== "bearer" || !isAccess || !/^[A-Za-z0-9._~+/-]+=*$/.test(access)) {
    throw new Fault("upstream_garbled", "An issuer gave something that is no bearer token.");
  }
  if (Math.max(access.length, refresh?.length ?? 0) > maxTokenLength) {
    throw new Fault(
      "upstream_garbled",
      `An issuer gave a token of over ${maxTokenLength} characters.`,
    );
  }
  const token = {
    access: new SecretValue(access),
    refresh: refresh === undefined ? null : new SecretValue(refresh),
    expiresInS: answer.expires_in ?? null,
  };
  return { kind: "token", token };
}
