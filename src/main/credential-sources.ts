import type { Agents } from "../authority/identity.ts";
import {
  listOwnHosts,
  toSubjectAudience,
  type CredentialConfig,
} from "../model/config-credential.ts";
import type { ListenAddress } from "../model/config-field.ts";
import { isRemote, type HttpServerConfig } from "../model/config-servers.ts";
import type { Config } from "../model/config.ts";
import { Fault, type Principal, type TenantId } from "../model/index.ts";
import type { ClientSource, CredentialSource, IssuerPlace } from "../ports/credentials.ts";
import type { SecretValue } from "../ports/secrets.ts";
import { toLocalUrl } from "./start-identity.ts";

/** Paths of our pages. */
export const connectPath = "/connect";
const callbackPath = "/connect/callback";

/** Where each server's credential comes from, as the revisions say that have parts just now. */
export interface CredentialSources {
  of(tenant: TenantId, server: string): CredentialSource | null;
  /** Where people reach this server; a fault where no configuration says it. */
  publicUrl(): string;
  /** Our own token that says who acts for whom, for the authorization server that exchanges it. */
  mint(principal: Principal, audience: string): Promise<SecretValue>;
  /** From now on the revision says what holds; gives what ends that. */
  enter(config: Config, agents: Agents | null): () => void;
}

/** The youngest revision stands last. One that starts holds already: it lists its servers. */
export function createCredentialSources(listen: ListenAddress): CredentialSources {
  const layers: Layer[] = [];
  return {
    of(tenant, server) {
      // A server that the youngest has no more may still have calls under an older one.
      const layer = layers.findLast(({ config }) => Object.hasOwn(config.servers, server));
      return layer === undefined ? null : find(layers, layer, { tenant, server });
    },
    publicUrl() {
      const url = layers.at(-1)?.publicUrl ?? null;
      if (url === null) throw withoutUrl();
      return url;
    },
    mint: async (principal, audience) => mint(layers.at(-1)?.agents ?? null, principal, audience),
    enter(config, agents) {
      const publicUrl = config.publicUrl ?? toLocalUrl(listen);
      for (const each of listCredentials(config)) check(each, publicUrl);
      const layer = { config, publicUrl, agents, sources: new Map() };
      layers.push(layer);
      return () => {
        const at = layers.indexOf(layer);
        // Said twice, it would take the youngest one away.
        if (at >= 0) layers.splice(at, 1);
      };
    },
  };
}

interface Layer {
  readonly config: Config;
  readonly publicUrl: string | null;
  readonly agents: Agents | null;
  readonly sources: Map<string, { readonly source: CredentialSource; readonly text: string }>;
}

interface Wanted {
  readonly tenant: TenantId;
  readonly server: string;
}

/** More tenants and servers than one installation has. */
const maxKnown = 10_000;

/** Frozen, and the same value in the next revision where it says the same: tokens stay in use. */
function find(layers: readonly Layer[], layer: Layer, wanted: Wanted): CredentialSource | null {
  const key = `${wanted.tenant}\n${wanted.server}`;
  const known = layer.sources.get(key);
  if (known !== undefined) return known.source;
  const config = layer.config.servers[wanted.server]!;
  if (!isRemote(config) || config.credential === undefined) return null;
  const made = toSource(config, config.credential, { ...wanted, publicUrl: layer.publicUrl });
  const text = JSON.stringify(made);
  const before = layers.flatMap(({ sources }) => sources.get(key) ?? []);
  const source = before.find((each) => each.text === text)?.source ?? Object.freeze(made);
  if (layer.sources.size >= maxKnown) layer.sources.clear();
  layer.sources.set(key, { source, text });
  return source;
}

interface Named {
  readonly name: string;
  readonly credential: CredentialConfig;
}

function check({ name, credential }: Named, publicUrl: string | null): void {
  if (credential.kind === "client-credentials") return;
  if (publicUrl === null) throw withoutUrl();
  const audience = toSubjectAudience(credential);
  if (audience !== publicUrl && audience?.startsWith(`${publicUrl}/`) !== true) return;
  // It would open this server to whoever is asked to exchange it.
  throw new Fault(
    "config_invalid",
    `servers.${name}.credential: the audience of the token that is exchanged is this server itself.`,
  );
}

/** An agent's, and nobody else's: who calls by themselves has no token of ours to exchange. */
async function mint(
  agents: Agents | null,
  principal: Principal,
  audience: string,
): Promise<SecretValue> {
  const { actor, kind, subject } = principal;
  if (agents === null || actor === null) {
    throw new Fault(
      "credential_refused",
      `It is exchanged for an agent's token, and ${kind} ${subject} calls without an agent.`,
    );
  }
  const proof = { scopes: [], roles: [], audiences: [audience], expiresAtMs: Infinity };
  const minted = await agents.tokens.exchange({ principal, ...proof }, { ...actor, audience });
  if (minted.kind === "minted") return minted.token;
  throw new Fault("credential_refused", minted.message);
}

function listCredentials({ servers }: Config) {
  return Object.entries(servers).flatMap(([name, config]) =>
    !isRemote(config) || config.credential === undefined
      ? []
      : [{ name, credential: config.credential }],
  );
}

function toSource(
  server: HttpServerConfig,
  credential: CredentialConfig,
  { tenant, server: name, publicUrl }: Wanted & { readonly publicUrl: string | null },
): CredentialSource {
  const { scopes } = credential;
  const resource = credential.resource ?? server.url;
  const common = {
    hosts: credential.hosts ?? listOwnHosts(server),
    issuer: toPlace(credential),
    client: toClient(credential, tenant),
    scopes,
    resource: resource === "none" ? null : resource,
  };
  switch (credential.kind) {
    case "client-credentials":
      return { kind: "client-credentials", ...common, audience: credential.audience ?? null };
    case "user":
      // One for each: what an authorization server sends back is told apart by where it arrives.
      return { kind: "user", ...common, redirectUri: `${publicUrl}${callbackPath}/${name}` };
    case "exchange": {
      const subjectAudience = toSubjectAudience(credential)!;
      return { kind: "exchange", ...common, audience: credential.audience, subjectAudience };
    }
  }
}

function toPlace(credential: CredentialConfig): IssuerPlace {
  const { issuer, tokenEndpoint, revocationEndpoint } = credential;
  if (tokenEndpoint === undefined) {
    return { kind: "discovered", issuer: issuer!, private: credential.private };
  }
  const authorization = credential.kind === "user" ? credential.authorizationEndpoint : undefined;
  return {
    kind: "stated",
    issuer: issuer ?? new URL(tokenEndpoint).origin,
    token: tokenEndpoint,
    authorization: authorization ?? null,
    revocation: revocationEndpoint ?? null,
    private: credential.private,
  };
}

/** What a reference names is read by `createReferenceVault`, for whichever tenant it is used. */
function toClient(credential: CredentialConfig, tenant: TenantId): ClientSource {
  const { clientId, secret, secretIn, privateKey, keyId } = credential;
  const metadataUrl = credential.kind === "user" ? (credential.clientDocument ?? null) : null;
  const toKey = (name: string) => ({ tenant, name, subject: null });
  const how = secretIn === "header" ? "basic" : "post";
  const client = { metadataUrl, id: clientId ?? null };
  if (privateKey !== undefined) {
    const auth = { kind: "key", secret: toKey(privateKey), keyId: keyId ?? null } as const;
    return { ...client, auth };
  }
  if (secret === undefined) return { ...client, auth: { kind: "none" } };
  return { ...client, auth: { kind: "secret", secret: toKey(secret), how } };
}

function withoutUrl(): Fault {
  return new Fault(
    "config_invalid",
    "A credential of kind user or exchange needs publicUrl: it names this server, and listen does not say where that is.",
  );
}
