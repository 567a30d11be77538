import { createBroker } from "../../src/authority/broker.ts";
import type { BrokerOptions } from "../../src/authority/broker-parts.ts";
import type { Principal, TenantId } from "../../src/model/index.ts";
import type {
  ClientSource,
  CredentialAsk,
  CredentialOutcome,
  CredentialSource,
  IssuerPlace,
  TokenIssuers,
  UserSource,
} from "../../src/ports/credentials.ts";
import { createInMemoryVault } from "../../src/ports/in-memory-vault.ts";
import { createManualClock, type ManualClock } from "../../src/ports/manual-clock.ts";
import { SecretValue } from "../../src/ports/secrets.ts";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import type { SecretKey, Vault } from "../../src/ports/vault.ts";

export const tenant = "acme" as TenantId;
export const host = "api.example.com:443";
export const connectUrl = "https://gate.example/connect";
export const redirectUri = "https://gate.example/callback";

export function toPrincipal(subject: string, given: Partial<Principal> = {}): Principal {
  return { tenant, kind: "user", subject, actor: null, ...given };
}
export const ann = toPrincipal("ann");
export const bob = toPrincipal("bob");

export function toAsk(given: Partial<CredentialAsk> = {}): CredentialAsk {
  return {
    tenant,
    principal: ann,
    server: "github",
    host,
    method: "tools/call",
    target: "search",
    ...given,
  };
}

export const clientSecretKey: SecretKey = { tenant, name: "client-secret", subject: null };
const issuer: IssuerPlace = {
  kind: "discovered",
  issuer: "https://issuer.example",
  private: false,
};
const client: ClientSource = { metadataUrl: null, id: "us", auth: { kind: "none" } };

export const sources = {
  static: {
    kind: "static",
    hosts: ["api.example.com"],
    header: "X-Api-Key",
    prefix: "key ",
    secret: { tenant, name: "api-key", subject: null },
  },
  clientCredentials: {
    kind: "client-credentials",
    hosts: ["api.example.com"],
    issuer,
    client: { ...client, auth: { kind: "secret", secret: clientSecretKey, how: "basic" } },
    scopes: ["read"],
    resource: "https://api.example.com/mcp",
    audience: null,
  },
  user: {
    kind: "user",
    hosts: ["api.example.com"],
    issuer,
    client,
    scopes: ["read"],
    resource: "https://api.example.com/mcp",
    redirectUri,
  },
  exchange: {
    kind: "exchange",
    hosts: ["api.example.com"],
    issuer,
    client,
    scopes: [],
    resource: null,
    audience: "api",
    subjectAudience: "https://issuer.example",
  },
} as const satisfies Record<string, CredentialSource>;
export const userSource: UserSource = sources.user;

export interface House {
  readonly clock: ManualClock;
  readonly vault: Vault;
  readonly minted: { principal: Principal; audience: string }[];
  /** What configuration says now, by server. */
  readonly sources: Map<string, CredentialSource>;
  /** Another replica over the same vault. */
  readonly createReplica: (own?: Partial<BrokerOptions>) => ReturnType<typeof createBroker>;
}

/** What several brokers share. */
export function createHouse(
  issuers: TokenIssuers,
  source: CredentialSource,
  options: Partial<BrokerOptions> = {},
): House {
  const clock = createManualClock(Date.UTC(2026, 10, 21));
  const vault = createInMemoryVault(clock);
  const minted: House["minted"] = [];
  const bySource = new Map<string, CredentialSource>([["github", source]]);
  let seed = 1;
  const createReplica = (own: Partial<BrokerOptions> = {}) =>
    createBroker({
      vault,
      clock,
      random: createSeededRandom((seed += 1)),
      issuers,
      sourceOf: (asked, server) => (asked === tenant ? (bySource.get(server) ?? null) : null),
      mint: async (principal, audience) => {
        minted.push({ principal, audience });
        return new SecretValue(`minted-for-${principal.subject}`);
      },
      connectUrl: () => connectUrl,
      ...options,
      ...own,
    });
  return { clock, vault, minted, sources: bySource, createReplica };
}

export async function putSecret(vault: Vault, key: SecretKey, value: string): Promise<void> {
  await vault.put(key, { value: new SecretValue(value), hosts: [] });
}

/** The header lines, or which no it is. */
export function show(outcome: CredentialOutcome | null): unknown {
  if (outcome === null) return null;
  if (outcome.kind === "ready") return outcome.headers.reveal();
  return outcome.kind === "refused" ? outcome.why : outcome.kind;
}

/** Walks through consent with a scripted issuer, as the person's browser would. */
export async function agree(
  broker: ReturnType<typeof createBroker>,
  principal: Principal = ann,
  server = "github",
): Promise<void> {
  const asked = await broker.begin({ tenant, server, principal });
  if (asked.kind !== "consent") throw new Error(`no consent: ${asked.kind}`);
  const sent = await broker.authorize(asked.id, principal);
  if (sent.kind !== "redirect") throw new Error(`not sent: ${sent.why}`);
  const state = new URL(sent.url).searchParams.get("state")!;
  const done = await broker.finish(`${redirectUri}?state=${state}&code=c`, principal);
  if (done.kind !== "granted") throw new Error(`not granted: ${done.why}`);
}
