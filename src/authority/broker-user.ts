import { toSubjectKey } from "../model/index.ts";
import { SecretValue } from "../ports/secrets.ts";
import type { ClientProof, CredentialRefusal, UserSource } from "../ports/credentials.ts";
import type { SecretChange, SecretMaterial } from "../ports/vault.ts";
import type { Kept } from "./broker-cache.ts";
import { recheckMs, toBearer, toRefused } from "./broker-fetch.ts";
import { readGrant, toGrant, toGrantChange, toGrantKey, type Grant } from "./broker-grant.ts";
import { intersect, parseHosts } from "./broker-hosts.ts";
import {
  makeSerial,
  readClient,
  toShortName,
  type BrokerParts,
  type Holder,
} from "./broker-parts.ts";

export interface UserAsk {
  readonly holder: Holder;
  /** Of a token that the server no longer takes: refreshed although it has not run out. */
  readonly rejectedId: string | null;
}

/** The person's grant, refreshed where it has run out; null: there is none that can be used. */
export async function fetchUser(
  parts: BrokerParts,
  source: UserSource,
  ask: UserAsk,
): Promise<Kept | null> {
  const stored = await parts.vault.read(toGrantKey(ask.holder));
  const grant = readGrant(stored, source);
  if (stored === null || grant === null) return null;
  if (isUsable(parts, ask, grant)) return toKept(parts, source, { ask, stored, grant });
  if (grant.refresh === null) return null;
  const client = await readClient(parts, source, ask.holder.tenant);
  if ("kind" in client) return toNotCached(parts, source, client);
  // Before the row is locked: who waits for an issuer holds nothing that others need.
  return parts.queue.run(source.issuer.issuer, () => refresh(parts, source, { ask, client }));
}

interface Refreshing {
  readonly ask: UserAsk;
  readonly client: ClientProof;
}

/**
 * Under the lock on the row: whoever waited for it sees what the first one wrote, and sends nothing.
 * If the new tokens cannot be written the old one is spent, and the person is asked again.
 */
async function refresh(
  parts: BrokerParts,
  source: UserSource,
  { ask, client }: Refreshing,
): Promise<Kept | null> {
  let refused: Kept | null = null;
  const stored = await parts.vault.update(toGrantKey(ask.holder), async (current) => {
    const grant = readGrant(current, source);
    if (current === null || grant === null || grant.refresh === null) return null;
    if (isUsable(parts, ask, grant)) return null;
    const answer = await sendRefresh(parts, source, { client, grant, hosts: current.hosts });
    if (answer === "remove" || "value" in answer) return answer;
    refused = answer;
    return null;
  });
  if (refused !== null) return refused;
  const grant = readGrant(stored, source);
  if (stored === null || grant === null) return null;
  return isUsable(parts, ask, grant) ? toKept(parts, source, { ask, stored, grant }) : null;
}

async function sendRefresh(
  parts: BrokerParts,
  source: UserSource,
  from: { readonly client: ClientProof; readonly grant: Grant; readonly hosts: readonly string[] },
): Promise<SecretChange | "remove" | Kept> {
  const { clientId } = from.grant;
  const token = new SecretValue(from.grant.refresh!);
  const answer = await parts.backoff.run(source.issuer.issuer, () =>
    parts.issuers.grant(source.issuer, from.client, {
      kind: "refresh",
      clientId,
      token,
      resource: source.resource,
    }),
  );
  if (answer.kind === "refused") {
    // Revoked, run out, or used twice: whatever it was, it opens nothing any more.
    return answer.error === "invalid_grant" ? "remove" : toRefused(parts, source, answer);
  }
  const nowMs = parts.clock.nowMs();
  const next = toGrant({
    source,
    token: answer.token,
    clientId,
    refresh: token,
    nowMs,
    serial: makeSerial(parts),
  });
  return toGrantChange(next, from.hosts);
}

interface Stored {
  readonly stored: SecretMaterial;
  readonly grant: Grant;
}

function isUsable({ clock }: BrokerParts, ask: UserAsk, grant: Grant): boolean {
  return clock.nowMs() < grant.usableUntilMs && toId(ask.holder, grant) !== ask.rejectedId;
}

function toId({ tenant, server, principal }: Holder, { serial }: Grant): string {
  return `${server}/user/${toShortName(`${tenant}\n${toSubjectKey(principal)}`)}@${serial}`;
}

function toKept(
  { clock }: BrokerParts,
  source: UserSource,
  { ask, stored, grant }: Stored & { readonly ask: UserAsk },
): Kept {
  const leftMs = grant.usableUntilMs - clock.nowMs();
  const { expiresAtMs } = grant;
  const id = toId(ask.holder, grant);
  const headers = toBearer(grant.access);
  return {
    source,
    outcome: Object.freeze({ kind: "ready", headers, id, expiresAtMs }),
    hosts: intersect(parseHosts(source.hosts), parseHosts(stored.hosts)),
    freshUntilMs: clock.monotonicMs() + Math.min(leftMs, recheckMs),
  };
}

function toNotCached({ clock }: BrokerParts, source: UserSource, outcome: CredentialRefusal): Kept {
  return {
    source,
    outcome,
    hosts: parseHosts(source.hosts),
    freshUntilMs: clock.monotonicMs(),
  };
}
