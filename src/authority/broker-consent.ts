import { hash, timingSafeEqual } from "node:crypto";
import type { Principal } from "../model/index.ts";
import type { CredentialOutcome, CredentialRefusal, UserSource } from "../ports/credentials.ts";
import { SecretValue } from "../ports/secrets.ts";
import type { SecretKey, SecretMaterial } from "../ports/vault.ts";
import { parseRecord, toFingerprint, toGrant, toGrantChange, toGrantKey } from "./broker-grant.ts";
import {
  makeSerial,
  readClient,
  refuse,
  toVaultSubject,
  type BrokerParts,
  type Holder,
} from "./broker-parts.ts";

/**
 * One consent at most is pending for a person and a server, in the vault: any replica goes on with
 * it, calls that ask at the same time get the same page, and nobody fills the store with them.
 */
interface Pending {
  readonly fingerprint: string;
  readonly ticket: string;
  readonly state: string;
  readonly verifier: string;
  readonly nonce: string;
  readonly expiresAtMs: number;
  /** As whom the browser was sent, and where it was to come back to; null: it was not sent yet. */
  readonly sent: { readonly clientId: string; readonly redirectUri: string } | null;
}

export const consentMs = 10 * 60_000;
/** A page that is about to expire is of no use to somebody who has yet to read it. */
const leastMs = 2 * 60_000;

export type ConsentOutcome =
  | { readonly kind: "granted"; readonly server: string }
  | CredentialRefusal;

/**
 * Who shows it is who asked. A consent URL can be sent to somebody else, who agrees in good faith: the
 * asker would then hold the other one's grant. The specification (2026-07-28, URL elicitation) demands
 * that who started it is who completes it, and says that the state alone does not prove that. So the
 * page proves who sits there, by its own session and never by the URL: `confirmedBy`. Both steps check
 * it, since the issuer's URL can be passed on as well as ours. An agent confirms nothing.
 */
export type ConfirmedBy = Principal | null;

/** What the URL that came in says of itself; nothing of it is believed. */
export interface Ticket {
  readonly server: string;
  readonly whose: string;
}

export function parseTicket(text: string): Ticket | null {
  const [, server, whose] = /^([a-z0-9_-]{1,40})\.([0-9a-f]{16})\.[\w-]{43}$/.exec(text) ?? [];
  return server === undefined || whose === undefined ? null : { server, whose };
}

export async function beginConsent(
  parts: BrokerParts,
  source: UserSource,
  holder: Holder,
): Promise<Extract<CredentialOutcome, { kind: "consent" }>> {
  const fingerprint = toFingerprint(source);
  const stored = await parts.vault.update(
    toPendingKey(holder),
    async (current) => {
      const pending = readPending(current);
      const leftMs = (pending?.expiresAtMs ?? 0) - parts.clock.nowMs();
      if (pending?.fingerprint === fingerprint && leftMs > leastMs) return null;
      const fresh: Pending = {
        fingerprint,
        ticket: makeTicket(parts, holder),
        state: makeTicket(parts, holder),
        verifier: makeRandom(parts),
        nonce: makeRandom(parts),
        expiresAtMs: parts.clock.nowMs() + consentMs,
        sent: null,
      };
      return toChange(fresh);
    },
    "brief",
  );
  const { ticket } = readPending(stored)!;
  const url = new URL(parts.connectUrl());
  url.searchParams.set("consent", ticket);
  return Object.freeze({ kind: "consent", url: url.href, id: ticket });
}

/** The page was opened, by somebody it knows: where the browser goes next. */
export async function authorizeConsent(
  parts: BrokerParts,
  source: UserSource,
  { ticket, holder }: { readonly ticket: string; readonly holder: Holder },
): Promise<{ readonly kind: "redirect"; readonly url: string } | CredentialRefusal> {
  const key = toPendingKey(holder);
  const pending = readPending(await parts.vault.read(key));
  if (!isLive(parts, source, pending) || !isSame(pending.ticket, ticket)) return unknownState();
  const client = await readClient(parts, source, holder.tenant);
  if ("kind" in client) return client;
  const { scopes, resource, redirectUri, issuer } = source;
  const { state, nonce } = pending;
  const challenge = hash("sha256", pending.verifier, "base64url");
  const request = { scopes, resource, redirectUri, state, nonce, challenge };
  const answer = await parts.backoff.run(issuer.issuer, () =>
    parts.issuers.authorize(issuer, client, request),
  );
  if (answer.kind === "refused") {
    return refuse("issuer_refused", `${issuer.issuer} cannot be asked (${answer.error}).`);
  }
  const { url } = answer;
  const sent = { clientId: answer.clientId, redirectUri };
  await parts.vault.update(
    key,
    async (current) =>
      readPending(current)?.state === state ? toChange({ ...pending, sent }) : null,
    "brief",
  );
  return { kind: "redirect", url };
}

export interface Finishing {
  readonly callbackUrl: string;
  readonly state: string;
  readonly holder: Holder;
}

/**
 * The browser came back. Each server has a redirect URI of its own, and its states are good there
 * alone: what one authorization server answers is never taken to another, which could then use it
 * (RFC 9700, 4.4). After that the state is taken, for good: a code is tried once.
 */
export async function finishConsent(
  parts: BrokerParts,
  source: UserSource,
  { callbackUrl, state, holder }: Finishing,
): Promise<ConsentOutcome> {
  const { redirectUri, resource, issuer } = source;
  const { origin, pathname } = new URL(callbackUrl);
  const expected = new URL(redirectUri);
  if (origin !== expected.origin || pathname !== expected.pathname) return unknownState();
  const pending = await takePending(parts, holder, state);
  if (!isLive(parts, source, pending) || pending.sent?.redirectUri !== redirectUri) {
    return unknownState();
  }
  const client = await readClient(parts, source, holder.tenant);
  if ("kind" in client) return client;
  const { verifier, nonce, sent } = pending;
  const { clientId } = sent;
  const answer = await parts.backoff.run(issuer.issuer, () =>
    parts.issuers.grant(issuer, client, {
      kind: "code",
      clientId,
      callbackUrl,
      redirectUri,
      state,
      verifier,
      nonce: source.scopes.includes("openid") ? nonce : null,
      resource,
    }),
  );
  if (answer.kind === "refused") return toRefusal(source, answer.error);
  const nowMs = parts.clock.nowMs();
  const serial = makeSerial(parts);
  const grant = toGrant({ source, token: answer.token, clientId, refresh: null, nowMs, serial });
  await parts.vault.put(toGrantKey(holder), toGrantChange(grant, source.hosts));
  return { kind: "granted", server: holder.server };
}

/** Of any number who bring the same state at the same time, one gets it. */
async function takePending(
  { vault }: BrokerParts,
  holder: Holder,
  state: string,
): Promise<Pending | null> {
  let taken: Pending | null = null;
  await vault.update(
    toPendingKey(holder),
    async (current) => {
      const pending = readPending(current);
      if (pending === null || !isSame(pending.state, state)) return null;
      taken = pending;
      return "remove";
    },
    "brief",
  );
  return taken;
}

function toRefusal({ issuer }: UserSource, error: string): CredentialRefusal {
  if (error === "access_denied") return refuse("denied", "The person did not agree.");
  const why = error === "response_invalid" ? "response_invalid" : "issuer_refused";
  return refuse(why, `${issuer.issuer} gave no grant (${error}).`);
}

/** The same for what is unknown, run out, used and another's: it says nothing to who guesses. */
export function unknownState(): CredentialRefusal {
  return refuse("state_unknown", "This consent is unknown, has expired or was used. Ask again.");
}

function isLive(
  { clock }: BrokerParts,
  source: UserSource,
  pending: Pending | null,
): pending is Pending {
  return (
    pending !== null &&
    clock.nowMs() < pending.expiresAtMs &&
    pending.fingerprint === toFingerprint(source)
  );
}

export function toPendingKey({ tenant, server, principal }: Holder): SecretKey {
  return { tenant, name: `oauth.consent.${server}`, subject: toVaultSubject(principal) };
}

/** Whose it is, to tell somebody else at once; it does not show who. */
export function toWhose({ tenant, principal }: Omit<Holder, "server">): string {
  return hash("sha256", `${tenant}\n${toVaultSubject(principal)}`, "hex").slice(0, 16);
}

function makeTicket(parts: BrokerParts, holder: Holder): string {
  return `${holder.server}.${toWhose(holder)}.${makeRandom(parts)}`;
}

function makeRandom({ random }: BrokerParts): string {
  return Buffer.from(random.bytes(32)).toString("base64url");
}

function readPending(material: SecretMaterial | null): Pending | null {
  return material === null ? null : (parseRecord(material.value) as Pending | null);
}

function toChange(pending: Pending) {
  return { value: new SecretValue(JSON.stringify(pending)), hosts: [] };
}

function isSame(one: string, other: string): boolean {
  return timingSafeEqual(hash("sha256", one, "buffer"), hash("sha256", other, "buffer"));
}
