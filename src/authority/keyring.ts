import { hash } from "node:crypto";
import type { Principal, TenantId } from "../model/index.ts";
import type { ProvenToken } from "../ports/token-verifier.ts";

/**
 * What of the API a key or token may be used for. Whoever configures (admin) does not decide
 * (approver): never both. A caller calls tools and does nothing else; a viewer sees what there is, an
 * operator also freezes and accepts drift, an auditor also reads the record.
 */
export type Role = "admin" | "approver" | "caller" | "viewer" | "operator" | "auditor";

/** Roles that have an API key of this user. */
export type KeyRole = Extract<Role, "admin" | "approver" | "caller">;

/** A key as the server keeps it: its hash alone. */
export interface KeyHash {
  /** Named in logs and receipts. */
  readonly id: string;
  readonly role: KeyRole;
  /** SHA-256 of the key, 64 hex digits. Keys are 256 random bits, so a plain hash is enough. */
  readonly sha256: string;
  readonly roles?: readonly string[];
  readonly tenant?: TenantId;
  /** Toolsets that a caller may use, `""` for `/mcp` itself; null for all. */
  readonly toolsets?: readonly string[] | null;
  /** Models that it may ask, by their aliases, with `*`. */
  readonly models?: readonly string[] | undefined;
}

/** A person as approvals, passkeys and the ledger know it. */
export interface Approving {
  readonly tenant: TenantId;
  /** The name of a key; `user:` and the subject of a token. */
  readonly subject: string;
}

/** Whoever holds a key, or a token. */
export interface KeyHolder {
  readonly id: string;
  readonly access: readonly Role[];
  /** Who calls tools with it; null for a key that calls none. */
  readonly principal: Principal | null;
  /** Who decides approvals with it; null for a key or token that decides none. */
  readonly approves: Approving | null;
  /** What policies know it by. */
  readonly roles: readonly string[];
  readonly toolsets: readonly string[] | null;
  /** Models that it may ask. Absent: all, and none where it is held to toolsets. */
  readonly models?: readonly string[];
  /** Our resources that its token was issued for, by their places; null for a key: any. */
  readonly opens: ReadonlySet<string> | null;
  /** What an agent's token could be made from. */
  readonly proof: Pick<ProvenToken, "scopes" | "audiences" | "expiresAtMs">;
}

/** Who is known by a certificate's name: `DNS:name`, `URI:…`. */
export interface CertificateName extends Omit<KeyHash, "sha256"> {
  readonly certificate: string;
}

export interface Keyring {
  /** Whose key it is, or null. */
  identify(presented: string): KeyHolder | null;
  /** Whose certificate it is, by the names it proves; null for nobody's, and for that of two. */
  identifyByNames(names: readonly string[]): KeyHolder | null;
}

export function createKeyring(
  hashes: readonly KeyHash[],
  certificates: readonly CertificateName[] = [],
): Keyring {
  const known = new Map(hashes.map((key) => [key.sha256, toHolder(key)]));
  const named = new Map(certificates.map((each) => [each.certificate, toHolder(each)]));
  return {
    // Looked up by its hash: how long that takes says nothing of a key that one does not have.
    identify: (presented) => known.get(hashKey(presented)) ?? null,
    identifyByNames(names) {
      const found = new Set(names.flatMap((name) => named.get(name) ?? []));
      const [holder] = found;
      return found.size === 1 ? holder! : null;
    },
  };
}

/** A key is good until it is taken out of the configuration. */
const proof = Object.freeze({ scopes: [], audiences: [], expiresAtMs: Number.POSITIVE_INFINITY });

/** Of whoever names none. */
const defaultTenant = "default" as TenantId;

function toHolder(key: Omit<KeyHash, "sha256">): KeyHolder {
  const { id, role, roles = [], tenant = defaultTenant, toolsets = null, models } = key;
  const principal =
    role === "approver"
      ? null
      : Object.freeze({ tenant, kind: "service", subject: id, actor: null } as const);
  const approves = role === "approver" ? Object.freeze({ tenant, subject: id }) : null;
  const asks = models === undefined ? {} : { models };
  const common = { roles, toolsets, ...asks, opens: null, proof };
  return Object.freeze({ id, access: [role], principal, approves, ...common });
}

export function hashKey(key: string): string {
  return hash("sha256", key, "hex");
}
