import { hash } from "node:crypto";
import type { Principal, TenantId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import {
  toDestination,
  type ClientProof,
  type ClientSource,
  type CredentialRefusal,
  type CredentialSource,
  type IssuerPlace,
  type TokenIssuers,
} from "../ports/credentials.ts";
import type { Random } from "../ports/random.ts";
import type { SecretValue } from "../ports/secrets.ts";
import type { SecretKey, Vault } from "../ports/vault.ts";
import type { IssuerBackoff } from "./broker-backoff.ts";
import { parseHosts } from "./broker-hosts.ts";
import type { IssuerQueue } from "./broker-queue.ts";

export interface BrokerOptions {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: Random;
  readonly issuers: TokenIssuers;
  /** The same frozen value as long as the revision is the same; null: the server has none. */
  readonly sourceOf: (tenant: TenantId, server: string) => CredentialSource | null;
  /** Our own token that says who acts for whom: never one that a caller brought (I10). */
  readonly mint: (principal: Principal, audience: string) => Promise<SecretValue>;
  /** Our page that a person opens to agree; it signs them in before it asks `authorize`. */
  readonly connectUrl: () => string;
  /** Credentials kept in memory at most. */
  readonly maxCached?: number;
}

export interface BrokerParts extends BrokerOptions {
  readonly backoff: IssuerBackoff;
  readonly queue: IssuerQueue;
}

/** Whose credential of which server. */
export interface Holder {
  readonly tenant: TenantId;
  readonly server: string;
  readonly principal: Principal;
}

export function refuse(why: CredentialRefusal["why"], message: string): CredentialRefusal {
  return Object.freeze({ kind: "refused", why, message });
}

/** Whose grant it is; an agent uses that of its subject. The vault takes names of 256 bytes. */
export function toVaultSubject({ kind, subject }: Principal): string {
  const whole = `${kind}:${subject}`;
  return Buffer.byteLength(whole) <= 200 ? whole : `${kind}#${hash("sha256", subject, "hex")}`;
}

/** Tells one token of a credential from the next, in ids; it says nothing of either. */
export function makeSerial({ random }: Pick<BrokerParts, "random">): string {
  return Buffer.from(random.bytes(8)).toString("hex");
}

/** A short name for something long, for ids: it says nothing of what it names. */
export function toShortName(text: string): string {
  return hash("sha256", text, "hex").slice(0, 12);
}

/** The secret of the client, read. It goes to the issuer alone, and there only where it is bound to. */
export async function readClient(
  { vault }: BrokerParts,
  { client, issuer }: { readonly client: ClientSource; readonly issuer: IssuerPlace },
  tenant: TenantId,
): Promise<ClientProof | CredentialRefusal> {
  const { metadataUrl, id, auth } = client;
  if (auth.kind === "none") return { metadataUrl, id, hosts: new Set(), auth };
  const read = await readSecret(vault, auth.secret, tenant);
  if ("kind" in read) return read;
  // What is known before the issuer is asked; each request is judged again where it is sent.
  const place = toDestination(issuer.kind === "stated" ? issuer.token : issuer.issuer);
  if (read.hosts.size > 0 && (place === null || !read.hosts.has(place))) {
    return refuse("host_not_bound", `The secret ${auth.secret.name} is not bound to the issuer.`);
  }
  const { value, hosts } = read;
  return auth.kind === "secret"
    ? { metadataUrl, id, hosts, auth: { kind: "secret", value, how: auth.how } }
    : { metadataUrl, id, hosts, auth: { kind: "key", value, keyId: auth.keyId } };
}

export async function readSecret(
  vault: Vault,
  key: SecretKey,
  tenant: TenantId,
): Promise<
  | { readonly value: SecretValue; readonly version: number; readonly hosts: ReadonlySet<string> }
  | CredentialRefusal
> {
  if (key.tenant !== tenant) {
    return refuse("other_tenant", `The secret ${key.name} belongs to another tenant.`);
  }
  const material = await vault.read(key);
  if (material === null) return refuse("secret_missing", `There is no secret ${key.name}.`);
  const { value, version, hosts } = material;
  return { value, version, hosts: parseHosts(hosts) };
}
