import { hash } from "node:crypto";
import { SecretValue } from "../ports/secrets.ts";
import type { IssuedToken, UserSource } from "../ports/credentials.ts";
import type { SecretChange, SecretKey, SecretMaterial } from "../ports/vault.ts";
import { toVaultSubject, type Holder } from "./broker-parts.ts";
import { toLifetime, toUsableMs } from "./broker-fetch.ts";

/**
 * What a person agreed to, as the vault keeps it. The access token lies beside the refresh token, so
 * that of all replicas one refreshes and the others take what it got.
 */
export interface Grant {
  /** Drawn with each token: the vault counts from one again after a removal. */
  readonly serial: string;
  readonly fingerprint: string;
  readonly clientId: string;
  readonly access: string;
  readonly refresh: string | null;
  /** Wall clock: all replicas read it. */
  readonly usableUntilMs: number;
  readonly expiresAtMs: number | null;
}

export function toGrantKey({ tenant, server, principal }: Holder): SecretKey {
  return { tenant, name: `oauth.grant.${server}`, subject: toVaultSubject(principal) };
}

/**
 * Digest of what the person agreed to. A configuration that names another issuer, client, resource
 * or scope has no grant: a refresh token never goes to an issuer that did not give it.
 */
export function toFingerprint({ issuer, client, resource, scopes }: UserSource): string {
  const places = issuer.kind === "stated" ? [issuer.token, issuer.authorization] : [];
  const agreed = [issuer.issuer, places, client.id, client.metadataUrl, resource];
  return hash("sha256", JSON.stringify([agreed, scopes.toSorted()]), "hex");
}

/** Null for what was agreed to under another configuration, and for what cannot be read (I14). */
export function readGrant(material: SecretMaterial | null, source: UserSource): Grant | null {
  const grant = material === null ? null : parseRecord(material.value);
  return grant?.["fingerprint"] === toFingerprint(source) ? (grant as unknown as Grant) : null;
}

/** An object that only this house writes: its members are as they were written. */
export function parseRecord(value: SecretValue): Readonly<Record<string, unknown>> | null {
  try {
    const read: unknown = JSON.parse(value.reveal());
    return typeof read === "object" && read !== null ? (read as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

export interface Granting {
  readonly source: UserSource;
  readonly token: IssuedToken;
  readonly clientId: string;
  /** What refreshed it, kept where the issuer does not rotate. */
  readonly refresh: SecretValue | null;
  readonly nowMs: number;
  readonly serial: string;
}

export function toGrant(given: Granting): Grant {
  const { source, token, clientId, refresh, nowMs, serial } = given;
  const { lifetimeMs, expiresAtMs } = toLifetime(nowMs, token);
  return {
    serial,
    fingerprint: toFingerprint(source),
    clientId,
    access: token.access.reveal(),
    refresh: (token.refresh ?? refresh)?.reveal() ?? null,
    usableUntilMs: nowMs + toUsableMs(lifetimeMs),
    expiresAtMs,
  };
}

/** Bound to `hosts`: a host that is configured later was not what the person agreed to. */
export function toGrantChange(grant: Grant, hosts: readonly string[]): SecretChange {
  return { value: new SecretValue(JSON.stringify(grant)), hosts };
}
