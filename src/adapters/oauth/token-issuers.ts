import {
  authorizationCodeGrantRequest,
  clientCredentialsGrantRequest,
  genericTokenEndpointRequest,
  processAuthorizationCodeResponse,
  processClientCredentialsResponse,
  processGenericTokenEndpointResponse,
  processRefreshTokenResponse,
  processRevocationResponse,
  refreshTokenGrantRequest,
  revocationRequest,
  type TokenEndpointResponse,
} from "oauth4webapi";
import { cutShort } from "../../lib/cut-short.ts";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  Authorized,
  AuthorizeRequest,
  ClientProof,
  Granted,
  IssuerPlace,
  IssuerRefusal,
  RevokedToken,
  TokenGrant,
  TokenIssuers,
} from "../../ports/credentials.ts";
import type { Dialer } from "../../ports/dialer.ts";
import { chooseClientId } from "./client-auth.ts";
import { createIssuerFetch, checkEndpoint } from "./issuer-fetch.ts";
import { createMetadata, type ReadMetadata } from "./metadata.ts";
import { toExchange, type Exchange } from "./exchange.ts";
import { readCallback } from "./read-callback.ts";
import { answerOf, toGranted } from "./to-answer.ts";

export interface TokenIssuersOptions {
  readonly dialer: Dialer;
  readonly clock: Clock;
  /** Of all requests that one answer takes: the vault's row is locked meanwhile. */
  readonly deadlineMs?: number;
  readonly maxBytes?: number;
}

const deadlineDefaultMs = 10_000;
const maxBytesDefault = 256 * 1024;
const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const tokenType = "urn:ietf:params:oauth:token-type";

/** Authorization servers over HTTP: the protocol is oauth4webapi's, the way out is the dialer's. */
export function createTokenIssuers(options: TokenIssuersOptions): TokenIssuers {
  const { dialer, clock } = options;
  const { deadlineMs = deadlineDefaultMs, maxBytes = maxBytesDefault } = options;
  const readMetadata = createMetadata(clock);

  async function reach<T>(
    at: IssuerPlace,
    { hosts: clientHosts }: ClientProof,
    ask: (reached: Reached) => Promise<T>,
  ): Promise<T | IssuerRefusal> {
    const late = () => new Fault("upstream_unreachable", `${at.issuer} did not answer in time.`);
    return cutShort({ clock, withinMs: deadlineMs, late }, (signal) => {
      const fetch = createIssuerFetch({ dialer, place: at, clientHosts, signal, maxBytes });
      return answerOf(at, async () => ask({ at, fetch, metadata: await readMetadata(at, fetch) }));
    });
  }

  return {
    authorize: (at, client, request) =>
      reach(at, client, async (reached) => toAuthorizeUrl(reached, client, request)),
    grant: (at, client, grant) =>
      reach(at, client, (reached) => requestGrant(reached, client, grant)),
    revoke: async (at, client, token) =>
      (await reach(at, client, (reached) => requestRevocation(reached, client, token))) === true,
  };
}

interface Reached {
  readonly at: IssuerPlace;
  readonly fetch: ReturnType<typeof createIssuerFetch>;
  readonly metadata: Awaited<ReturnType<ReadMetadata>>;
}

const noClient: IssuerRefusal = { kind: "refused", error: "no_client_id" };

function toAuthorizeUrl(
  { at, metadata }: Reached,
  client: ClientProof,
  request: AuthorizeRequest,
): Authorized {
  const clientId = chooseClientId(metadata, client);
  if (clientId === null) return noClient;
  // Who does not say S256 may ignore the challenge, and a stolen code would be enough.
  if (metadata.code_challenge_methods_supported?.includes("S256") !== true) {
    return { kind: "refused", error: "no_pkce" };
  }
  const endpoint = metadata.authorization_endpoint;
  if (endpoint === undefined) return { kind: "refused", error: "no_authorization_endpoint" };
  checkEndpoint(at, endpoint);
  const url = new URL(endpoint);
  const { scopes, resource, redirectUri, state, challenge, nonce } = request;
  const parameters = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    state,
    code_challenge: challenge,
    code_challenge_method: "S256",
    ...toScopes(scopes),
    ...(resource === null ? {} : { resource }),
    ...(scopes.includes("openid") ? { nonce } : {}),
    // OpenID Connect gives a refresh token only to those who were asked anew.
    ...(scopes.includes("offline_access") ? { prompt: "consent" } : {}),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { kind: "url", url: url.href, clientId };
}

async function requestGrant(
  reached: Reached,
  client: ClientProof,
  grant: TokenGrant,
): Promise<Granted> {
  const { metadata, fetch } = reached;
  const bound = grant.kind === "code" || grant.kind === "refresh" ? grant.clientId : null;
  const clientId = bound ?? chooseClientId(metadata, client);
  if (clientId === null) return noClient;
  const exchange = await toExchange({ metadata, fetch, client, clientId });
  if (grant.kind !== "code") return toGranted(await send(exchange, grant));
  const callback = readCallback(exchange.as, exchange.client, grant);
  if (!(callback instanceof URLSearchParams)) return callback;
  return toGranted(await sendCode(exchange, callback, grant));
}

type CodeGrant = Extract<TokenGrant, { kind: "code" }>;

async function send(
  exchange: Exchange,
  grant: Exclude<TokenGrant, CodeGrant>,
): Promise<TokenEndpointResponse> {
  const { as, client, auth, options } = exchange;
  switch (grant.kind) {
    case "client-credentials": {
      const parameters = toTarget(grant);
      const response = await clientCredentialsGrantRequest(as, client, auth, parameters, options);
      return processClientCredentialsResponse(as, client, response);
    }
    case "refresh": {
      const more = toTarget({ scopes: [], resource: grant.resource, audience: null });
      const asked = { ...options, additionalParameters: more };
      const token = grant.token.reveal();
      const response = await refreshTokenGrantRequest(as, client, auth, token, asked);
      return processRefreshTokenResponse(as, client, response);
    }
    case "exchange": {
      const parameters = {
        ...toTarget(grant),
        subject_token: grant.subjectToken.reveal(),
        subject_token_type: `${tokenType}:jwt`,
        requested_token_type: `${tokenType}:access_token`,
      };
      const response = await genericTokenEndpointRequest(
        as,
        client,
        auth,
        tokenExchange,
        parameters,
        options,
      );
      return processGenericTokenEndpointResponse(as, client, response);
    }
  }
}

async function sendCode(
  { as, client, auth, options }: Exchange,
  callback: URLSearchParams,
  grant: CodeGrant,
): Promise<TokenEndpointResponse> {
  const more = toTarget({ scopes: [], resource: grant.resource, audience: null });
  const response = await authorizationCodeGrantRequest(
    as,
    client,
    auth,
    callback,
    grant.redirectUri,
    grant.verifier,
    { ...options, additionalParameters: more },
  );
  const expected = grant.nonce === null ? {} : { expectedNonce: grant.nonce, requireIdToken: true };
  return processAuthorizationCodeResponse(as, client, response, expected);
}

async function requestRevocation(
  { metadata, fetch, at }: Reached,
  client: ClientProof,
  token: RevokedToken,
): Promise<boolean> {
  const clientId = token.clientId ?? chooseClientId(metadata, client);
  if (metadata.revocation_endpoint === undefined || clientId === null) return false;
  checkEndpoint(at, metadata.revocation_endpoint);
  const {
    as,
    client: self,
    auth,
    options,
  } = await toExchange({ metadata, fetch, client, clientId });
  const asked = { ...options, additionalParameters: { token_type_hint: token.hint } };
  const response = await revocationRequest(as, self, auth, token.value.reveal(), asked);
  await processRevocationResponse(response);
  return true;
}

interface Target {
  readonly scopes: readonly string[];
  readonly resource: string | null;
  readonly audience: string | null;
}

function toTarget({ scopes, resource, audience }: Target): Record<string, string> {
  return {
    ...toScopes(scopes),
    ...(resource === null ? {} : { resource }),
    ...(audience === null ? {} : { audience }),
  };
}

function toScopes(scopes: readonly string[]): { scope?: string } {
  return scopes.length === 0 ? {} : { scope: scopes.join(" ") };
}
