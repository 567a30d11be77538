import { createPublicKey, generateKeyPairSync } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { vi } from "vitest";
import { listen, readForm } from "./listen.ts";

/** oidc-provider has no types of its own; this is what the tests use of it. */
interface Provider {
  callback(): RequestListener;
  on(event: string, listener: (...values: unknown[]) => void): void;
}

export interface ProviderUnderTest {
  readonly issuer: string;
  /** Each token request as it came: grant type and what went with it. */
  readonly tokenRequests: { readonly form: URLSearchParams; readonly authorization: string }[];
  /** What the provider itself says of grants that it revoked, such as after a reuse. */
  readonly revokedGrants: string[];
}

export const redirectUri = "https://gate.example/callback";
export const resource = "https://api.example.com/mcp";
export const clientSecret = "the-client-secret-of-the-gate";
export const clientKey = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** A real authorization server on loopback, with rotating refresh tokens. */
export async function startProvider(
  given: Readonly<Record<string, unknown>> = {},
): Promise<ProviderUnderTest> {
  // It says at each start that this is no way to run it in production.
  vi.spyOn(console, "warn").mockReturnValue();
  vi.spyOn(console, "info").mockReturnValue();
  const tokenRequests: ProviderUnderTest["tokenRequests"] = [];
  const revokedGrants: string[] = [];
  let answer: RequestListener = () => undefined;
  const issuer = await listen((incoming, outgoing) => answer(incoming, outgoing));
  const { default: create } = (await import("oidc-provider")) as unknown as {
    default: new (issuer: string, options: unknown) => Provider;
  };
  const provider = new create(issuer, { ...toOptions(), ...given });
  provider.on("grant.revoked", (_context, grantId) => revokedGrants.push(String(grantId)));
  const callback = provider.callback();
  answer = (incoming, outgoing) => {
    void recordFirst(incoming, outgoing);
  };
  async function recordFirst(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    await record(incoming, tokenRequests);
    callback(incoming, outgoing);
  }
  return { issuer, tokenRequests, revokedGrants };
}

/** Reads the form before the provider does, which takes one that was read already. */
async function record(
  incoming: IncomingMessage,
  requests: ProviderUnderTest["tokenRequests"],
): Promise<void> {
  if (incoming.url !== "/token") return;
  const form = await readForm(incoming);
  requests.push({ form, authorization: incoming.headers.authorization ?? "" });
  Object.assign(incoming, { body: form.toString() });
}

function toOptions() {
  const publicJwk = createPublicKey(
    clientKey.privateKey.export({ type: "pkcs8", format: "pem" }),
  ).export({ format: "jwk" });
  const person = {
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  };
  const machine = { redirect_uris: [], response_types: [], grant_types: ["client_credentials"] };
  return {
    clients: [
      { client_id: "person", token_endpoint_auth_method: "none", ...person },
      { client_id: "machine", client_secret: clientSecret, ...machine },
      {
        client_id: "keyed",
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "ES256",
        jwks: { keys: [{ ...publicJwk, use: "sig" }] },
        ...machine,
      },
    ],
    cookies: { keys: ["made-up-cookie-key"] },
    jwks: {
      keys: [
        generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
      ],
    },
    scopes: ["openid", "offline_access", "read"],
    ttl: {
      AccessToken: 600,
      ClientCredentials: 600,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 3_600,
      Interaction: 600,
      IdToken: 600,
    },
    features: {
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: "read",
          audience: resource,
          accessTokenFormat: "opaque",
          accessTokenTTL: 600,
        }),
      },
    },
  };
}
