import type { CredentialSource, RevokedToken, TokenSource } from "../ports/credentials.ts";
import { SecretValue } from "../ports/secrets.ts";
import type { SecretMaterial } from "../ports/vault.ts";
import type { Kept } from "./broker-cache.ts";
import { toPendingKey } from "./broker-consent.ts";
import { readGrant, toGrantKey } from "./broker-grant.ts";
import { readClient, type BrokerParts, type Holder } from "./broker-parts.ts";

export interface Revoked {
  /** Whether there was stored material, which now is gone. */
  readonly removed: boolean;
  /** Whether the issuer said so as well. */
  readonly revoked: boolean;
}

/**
 * Ends a credential. Here first and in any case; at the issuer with one try, since a grant that
 * cannot be revoked there must not stay here for that. A static secret is the operator's: it is
 * forgotten by this process and stays in the vault.
 */
export async function revokeCredential(
  parts: BrokerParts,
  source: CredentialSource,
  { holder, kept }: { readonly holder: Holder; readonly kept: Kept | null },
): Promise<Revoked> {
  if (source.kind === "static") return { removed: false, revoked: false };
  if (source.kind !== "user") {
    const token = toAccessToken(kept);
    return { removed: false, revoked: await tell(parts, source, { holder, token }) };
  }
  let last: SecretMaterial | null = null;
  // Under the lock: a refresh that is under way is waited for, and what it got is what is revoked.
  await parts.vault.update(toGrantKey(holder), async (current) => {
    last = current;
    return current === null ? null : "remove";
  });
  await parts.vault.remove(toPendingKey(holder));
  const grant = readGrant(last, source);
  const removed = last !== null;
  if (grant === null) return { removed, revoked: false };
  const { clientId, refresh, access } = grant;
  const token: RevokedToken =
    refresh === null
      ? { clientId, value: new SecretValue(access), hint: "access_token" }
      : { clientId, value: new SecretValue(refresh), hint: "refresh_token" };
  return { removed, revoked: await tell(parts, source, { holder, token }) };
}

/** What goes out as a bearer token, if there is one in memory. */
export function toAccessToken(kept: Kept | null): RevokedToken | null {
  if (kept?.outcome.kind !== "ready") return null;
  const line = kept.outcome.headers.reveal()["authorization"] ?? "";
  const value = new SecretValue(line.slice("Bearer ".length));
  return { clientId: null, value, hint: "access_token" };
}

export async function tell(
  parts: BrokerParts,
  source: TokenSource,
  { holder, token }: { readonly holder: Holder; readonly token: RevokedToken | null },
): Promise<boolean> {
  if (token === null) return false;
  try {
    const client = await readClient(parts, source, holder.tenant);
    if ("kind" in client) return false;
    return await parts.backoff.run(source.issuer.issuer, () =>
      parts.issuers.revoke(source.issuer, client, token),
    );
  } catch {
    return false;
  }
}
