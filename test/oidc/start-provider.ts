import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import * as oauth from "oauth4webapi";
import { Provider } from "oidc-provider";
import { onTestFinished } from "vitest";

export const reportClient = { id: "nightly-report", secret: "a secret of this test" };
export const publicClient = { id: "an-mcp-client", redirectUri: "http://127.0.0.1:1/callback" };

export interface RealProvider {
  readonly issuer: string;
  readonly server: oauth.AuthorizationServer;
}

// eslint-disable-next-line typescript/no-deprecated -- it is loopback, without TLS
const insecure = { [oauth.allowInsecureRequests]: true };

/** A real authorization server on a loopback port, which issues JWTs for the resources that are named. */
export async function startProvider(resources: readonly string[]): Promise<RealProvider> {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => stop(http));
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const keys = [await makePrivateKey("RS256"), await makePrivateKey("ES256")];
  const provider = new Provider(issuer, {
    jwks: { keys },
    cookies: { keys: ["a cookie key of this test"] },
    scopes: ["openid", "calls"],
    ttl: {
      AccessToken: 300,
      ClientCredentials: 300,
      Grant: 300,
      IdToken: 300,
      Interaction: 300,
      Session: 300,
    },
    clients: [
      {
        client_id: reportClient.id,
        client_secret: reportClient.secret,
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
      {
        client_id: publicClient.id,
        token_endpoint_auth_method: "none",
        application_type: "native",
        redirect_uris: [publicClient.redirectUri],
      },
    ],
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub }),
    }),
    extraTokenClaims: () => ({ groups: ["traveller"] }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_context: unknown, resource: string) {
          if (!resources.includes(resource)) throw new Error("no such resource");
          const jwt = { sign: { alg: "ES256" } };
          return { scope: "calls", accessTokenTTL: 300, accessTokenFormat: "jwt", jwt };
        },
      },
    },
  });
  http.on("request", provider.callback());
  const asked = await oauth.discoveryRequest(new URL(issuer), insecure);
  return { issuer, server: await oauth.processDiscoveryResponse(new URL(issuer), asked) };
}

function stop(http: Server): void {
  http.closeAllConnections();
  http.close();
}

async function makePrivateKey(alg: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: `key-${alg}`, alg, use: "sig" };
}

/** A token for the client itself. */
export async function askForClient({ server }: RealProvider, resource: string): Promise<string> {
  const client = { client_id: reportClient.id };
  const auth = oauth.ClientSecretBasic(reportClient.secret);
  const parameters = new URLSearchParams({ resource, scope: "calls" });
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    auth,
    parameters,
    insecure,
  );
  return (await oauth.processClientCredentialsResponse(server, client, response)).access_token;
}

export interface UserTokens {
  readonly accessToken: string;
  readonly idToken: string;
}

/** Tokens for a user who logs in and consents, by the authorization code flow with PKCE. */
export async function askForUser(
  { server }: RealProvider,
  resource: string,
  login: string,
): Promise<UserTokens> {
  const client = { client_id: publicClient.id };
  const verifier = oauth.generateRandomCodeVerifier();
  const nonce = oauth.generateRandomNonce();
  const url = new URL(server.authorization_endpoint!);
  url.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: publicClient.redirectUri,
    response_type: "code",
    scope: "openid calls",
    resource,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }).toString();
  const callback = await browse(url, login);
  const parameters = oauth.validateAuthResponse(server, client, callback);
  const options = { ...insecure, additionalParameters: { resource } };
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    publicClient.redirectUri,
    verifier,
    options,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  return { accessToken: tokens.access_token, idToken: tokens.id_token! };
}

/** What a browser does: follows redirects, keeps cookies, and sends the two forms on the way. */
export async function browse(start: URL, login: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let [url, body] = [start, null as URLSearchParams | null];
  for (let step = 0; step < 12; step += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const method = body === null ? "GET" : "POST";
    const response = await fetch(url, { method, body, headers: { cookie }, redirect: "manual" });
    for (const set of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get("location");
    const page = await response.text();
    if (location === null) {
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
      if (prompt === undefined) throw new Error(`no form at ${url.pathname}: ${response.status}`);
      url = new URL(/action="([^"]+)"/.exec(page)![1]!, url);
      body = new URLSearchParams({ prompt, login, password: "any" });
      continue;
    }
    [url, body] = [new URL(location, url), null];
    if (url.href.startsWith(publicClient.redirectUri)) return url;
  }
  throw new Error("the way through the forms does not end");
}
