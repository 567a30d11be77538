import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, SignJWT, type JWK, type JWTPayload } from "jose";
import { onTestFinished } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { issuerDefaults, type Issuer } from "../../src/adapters/oidc/issuer.ts";
import { createOidcVerifier, type OidcLimits } from "../../src/adapters/oidc/oidc-verifier.ts";
import type { TenantId } from "../../src/model/index.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { createManualClock, type ManualClock } from "../../src/ports/manual-clock.ts";

export const startMs = 1_900_000_000_000;
export const audience = "https://gate.example/mcp";
export const tenant = "acme" as TenantId;

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: JWK;
}

type KeyType = "RS256" | "PS256" | "ES256" | "EdDSA";

export async function makeKey(kid: string, alg: KeyType = "EdDSA"): Promise<SigningKey> {
  const { privateKey, publicKey } = generate(alg);
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg, use: "sig" };
  return { kid, alg, privateKey, publicKey, jwk };
}

function generate(alg: KeyType) {
  if (alg === "EdDSA") return generateKeyPairSync("ed25519");
  if (alg === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  return generateKeyPairSync("rsa", { modulusLength: 2_048 });
}

export interface FixtureIssuer {
  /** Its identifier, and where it listens. */
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** What it publishes; replaced by tests. */
  published: JWK[];
  /** Answers in the place of what it usually does. */
  answer: ((path: string, response: ServerResponse) => boolean) | null;
  count(path: string): number;
}

/** An issuer on a loopback port that counts what it is asked. */
export async function startIssuer(...keys: readonly SigningKey[]): Promise<FixtureIssuer> {
  const asked: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? "";
    asked.push(path);
    if (fixture.answer?.(path, response) === true) return;
    const { url, published } = fixture;
    if (path === "/.well-known/openid-configuration") {
      response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/jwks` }));
    } else if (path === "/jwks") response.end(JSON.stringify({ keys: published }));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const fixture: FixtureIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    published: keys.map(({ jwk }) => jwk),
    answer: null,
    count: (path) => asked.filter((one) => one === path).length,
  };
  return fixture;
}

/** Without a member that is undefined, so that a test can leave one out. */
export function toClaims(iss: string, given: Readonly<Record<string, unknown>> = {}): JWTPayload {
  const nowS = startMs / 1_000;
  const claims = { iss, sub: "alice", aud: audience, iat: nowS, exp: nowS + 600, ...given };
  return Object.fromEntries(
    Object.entries(claims).filter(([, value]) => value !== undefined),
  ) as JWTPayload;
}

export function sign(
  claims: JWTPayload,
  key: SigningKey,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "at+jwt", ...header })
    .sign(key.privateKey);
}

export function toIssuer(fixture: Pick<FixtureIssuer, "url">, given: Partial<Issuer> = {}): Issuer {
  return {
    ...issuerDefaults,
    issuer: fixture.url,
    audiences: [audience],
    private: true,
    tenant: { by: "fixed", tenant },
    ...given,
  };
}

export interface UnderTestOptions {
  readonly limits?: Partial<OidcLimits>;
  readonly clock?: ManualClock;
}

/** A verifier with the real dialer, on a clock that stands. */
export function createVerifierUnderTest(
  issuers: readonly Issuer[],
  { limits = {}, clock = createManualClock(startMs) }: UnderTestOptions = {},
) {
  const telemetry = createInMemoryTelemetry();
  const dialer = createDialer();
  const verifier = createOidcVerifier({ issuers, dialer, clock, telemetry, limits });
  onTestFinished(() => verifier.close());
  return { verifier, clock, telemetry };
}

/** The parts of a token that was signed by nobody. */
export function encode(part: unknown): string {
  const text = typeof part === "string" ? part : JSON.stringify(part);
  return Buffer.from(text).toString("base64url");
}
