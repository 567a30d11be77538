import { createPrivateKey, type KeyObject } from "node:crypto";
import { createDialer } from "../adapters/dialer/dialer.ts";
import { createAgentTokens, type AgentTokens } from "../adapters/oidc/agent-tokens.ts";
import { combineVerifiers } from "../adapters/oidc/combine-verifiers.ts";
import type { Issuer, KindRule, TenantRule } from "../adapters/oidc/issuer.ts";
import { createOidcVerifier } from "../adapters/oidc/oidc-verifier.ts";
import { createIdentity, type Identity, type Resources } from "../authority/identity.ts";
import type { Keyring } from "../authority/keyring.ts";
import { createTokenHolders, type TokenRule } from "../authority/token-holders.ts";
import { apiPlace, fromToolset } from "../mcp/place.ts";
import { isRemote } from "../model/config-servers.ts";
import { toSubjectAudience } from "../model/config-credential.ts";
import { isLoopback, type ListenAddress } from "../model/config-field.ts";
import type { IssuerConfig } from "../model/config-issuers.ts";
import type { Config } from "../model/config.ts";
import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { TokenVerifier } from "../ports/token-verifier.ts";
import { toDialTls } from "./dial-tls.ts";
import { readKeyRing } from "./key-rings.ts";

export interface IdentityParts {
  readonly keyring: Keyring;
  readonly listen: ListenAddress;
  readonly configDirectory: string;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

export interface StartedIdentity {
  readonly identity: Identity;
  close(): void;
}

export async function startIdentity(
  config: Config,
  parts: IdentityParts,
): Promise<StartedIdentity> {
  const { keyring, clock, telemetry } = parts;
  const issuers = Object.values(config.auth.issuers);
  const publicUrl = config.publicUrl ?? toLocalUrl(parts.listen);
  if (publicUrl === null) {
    if (issuers.length > 0) throw withoutUrl();
    const only = { keyring, tokens: null, resources: null, agents: null };
    return { identity: createIdentity(only), close: () => undefined };
  }
  const places = [apiPlace, ...listEndpoints(config)];
  // Clients that make a URL of an origin end it with a slash.
  const identifiers = [`${publicUrl}/`, ...places.map((place) => `${publicUrl}${place}`)];
  const agents = await startAgents(config, parts, publicUrl);
  const outside = createOidcVerifier({
    issuers: issuers.map((issuer) => toIssuer(issuer, { identifiers, secrets: parts.secrets })),
    dialer: createDialer(),
    clock,
    telemetry,
  });
  const rules = new Map(issuers.map((issuer) => [issuer.issuer, toRule(issuer, identifiers)]));
  const tokens = {
    verifier: countRefusals(combineVerifiers([agents, outside]), telemetry),
    toHolder: createTokenHolders({ publicUrl, rules }),
  };
  const resources = issuers.length === 0 ? null : describeResources(publicUrl, places, issuers);
  return {
    identity: createIdentity({ keyring, tokens, resources, agents: { publicUrl, tokens: agents } }),
    close: () => outside.close(),
  };
}

function countRefusals(verifier: TokenVerifier, telemetry: Telemetry): TokenVerifier {
  return {
    recall: (token) => verifier.recall(token),
    async verify(token) {
      const verdict = await verifier.verify(token);
      if (verdict.kind === "refused") telemetry.count("tokens_refused", { why: verdict.why });
      return verdict;
    },
  };
}

/** What clients on this machine call, where others cannot. */
export function toLocalUrl(listen: ListenAddress): string | null {
  const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
  return isLoopback(listen) && listen.port !== 0
    ? new URL(`http://${host}:${listen.port}`).origin
    : null;
}

/** Where clients reach this server, as its configuration says; its host is a name of ours. */
export function listOwnHosts({ publicUrl }: Config): readonly string[] {
  return publicUrl === undefined ? [] : [new URL(publicUrl).host];
}

function withoutUrl(): Fault {
  return new Fault(
    "config_invalid",
    "auth.issuers needs publicUrl: tokens name the URL of this server, and listen does not say it.",
  );
}

function listEndpoints({ toolsets }: Config): readonly string[] {
  return ["", ...Object.keys(toolsets)].map(fromToolset);
}

async function startAgents(
  config: Config,
  parts: IdentityParts,
  publicUrl: string,
): Promise<AgentTokens> {
  const seeds = await readKeyRing("agent", { ...parts, references: config.auth.agentKeys });
  const endpoints = listEndpoints(config).map((place) => `${publicUrl}${place}`);
  const { clock, random } = parts;
  const keys = seeds.map(toSigningKey);
  return createAgentTokens({
    keys,
    clock,
    random,
    issuer: publicUrl,
    // Elsewhere they are exchanged for tokens of servers; here they open nothing.
    mintsFor: [...endpoints, ...listSubjectAudiences(config)],
    accepts: endpoints,
  });
}

function listSubjectAudiences({ servers }: Config): readonly string[] {
  return Object.values(servers).flatMap((server) => {
    const credential = isRemote(server) ? server.credential : undefined;
    const audience = credential === undefined ? null : toSubjectAudience(credential);
    return audience === null ? [] : [audience];
  });
}

/** RFC 8410: what stands before the 32 bytes of an Ed25519 key. */
const pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex");

export function toSigningKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: "der", type: "pkcs8" });
}

interface IssuerPlace {
  readonly identifiers: readonly string[];
  readonly secrets: Secrets;
}

function toIssuer(config: IssuerConfig, { identifiers, secrets }: IssuerPlace): Issuer {
  const { issuer, algorithms, subjectClaim, requiredScopes, authority } = config;
  return {
    issuer,
    audiences: [...identifiers, ...config.audiences],
    algorithms,
    private: config.private,
    tls: authority === undefined ? null : toDialTls({ tls: { authority } }, secrets),
    tenant: toTenantRule(config),
    kind: toKindRule(config),
    subjectClaim,
    rolesClaim: config.rolesClaim ?? null,
    requiredScopes,
    types: ["at+jwt", "jwt"],
    jwksUri: config.jwksUri ?? null,
  };
}

function toTenantRule({ tenant, tenantClaim, tenants }: IssuerConfig): TenantRule {
  return tenantClaim === undefined
    ? { by: "fixed", tenant }
    : { by: "claim", claim: tenantClaim, map: tenants ?? {} };
}

function toKindRule({ kind, services }: IssuerConfig): KindRule {
  if (services !== undefined) {
    return { by: "claim", claim: services.claim, service: services.values };
  }
  return kind === "client" ? { by: "client" } : { by: "fixed", kind };
}

/** One of our own identifiers, listed once more, still stands for no more than its endpoint. */
function toRule(
  { audiences, access, toolsets }: IssuerConfig,
  identifiers: readonly string[],
): TokenRule {
  const whole = audiences.filter((each) => !identifiers.includes(each));
  return { audiences: whole, access, toolsets: toolsets ?? null };
}

/** A document for each resource that somebody's tokens may open, and for no other. */
function describeResources(
  publicUrl: string,
  places: readonly string[],
  issuers: readonly IssuerConfig[],
): Resources {
  const described = new Map(
    places.flatMap((place) => {
      const opening = issuers.filter(
        ({ toolsets }) =>
          place === apiPlace ||
          toolsets === undefined ||
          toolsets.some((toolset) => fromToolset(toolset) === place),
      );
      if (opening.length === 0) return [];
      const resource = `${publicUrl}${place}`;
      const authorizationServers = opening.map(({ issuer }) => issuer);
      const scopes = listScopes(opening);
      return [[place, { resource, authorizationServers, scopes, name: "Countersign" }] as const];
    }),
  );
  return {
    publicUrl,
    describe: (place) => described.get(place) ?? null,
    scopes: listScopes(issuers),
  };
}

function listScopes(issuers: readonly IssuerConfig[]): readonly string[] {
  return [...new Set(issuers.flatMap(({ requiredScopes }) => requiredScopes))];
}
