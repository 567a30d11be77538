import { toPrincipalKey } from "../model/index.ts";
import {
  SecretHeaders,
  type CredentialSource,
  type Granted,
  type IssuedToken,
  type TokenGrant,
  type TokenSource,
} from "../ports/credentials.ts";
import type { Kept } from "./broker-cache.ts";
import { intersect, parseHosts } from "./broker-hosts.ts";
import {
  readClient,
  makeSerial,
  readSecret,
  refuse,
  toShortName,
  type BrokerParts,
  type Holder,
} from "./broker-parts.ts";

/** After this, what lies in the vault is looked at again: it may have been rotated or revoked. */
export const recheckMs = 30_000;
/** A no of an issuer is believed this long, so that calls do not carry it there one by one. */
const refusedMs = 30_000;
/** A secret that is missing is looked for again this soon: somebody is about to put it there. */
const missingMs = 1_000;
/** For a token that comes without a lifetime, and the most that any is believed. */
const unsaidMs = 5 * 60_000;
const longestMs = 24 * 3_600_000;
/** A token that runs out under way is of no use: it counts as run out this much earlier. */
const earlyMs = 30_000;

type Source<Kind extends CredentialSource["kind"]> = Extract<CredentialSource, { kind: Kind }>;

export async function fetchStatic(
  parts: BrokerParts,
  source: Source<"static">,
  holder: Holder,
): Promise<Kept> {
  const { clock } = parts;
  const hosts = parseHosts(source.hosts);
  const freshUntilMs = clock.monotonicMs() + recheckMs;
  const read = await readSecret(parts.vault, source.secret, holder.tenant);
  if ("kind" in read) {
    return { source, outcome: read, hosts, freshUntilMs: clock.monotonicMs() + missingMs };
  }
  const line = `${source.prefix}${read.value.reveal()}`;
  if (!/^[\t\x20-\x7e]{1,16384}$/.test(line)) {
    const why = `The secret ${source.secret.name} cannot be a header: it has a line break or is not ASCII.`;
    return { source, outcome: refuse("secret_unusable", why), hosts, freshUntilMs };
  }
  const whose = toShortName(`${holder.tenant}\n${source.secret.name}`);
  const id = `${holder.server}/static/${whose}@${read.version}`;
  const headers = new SecretHeaders({ [source.header.toLowerCase()]: line });
  const bound = read.hosts.size === 0 ? hosts : intersect(hosts, read.hosts);
  const outcome = Object.freeze({ kind: "ready", headers, id, expiresAtMs: null } as const);
  return { source, outcome, hosts: bound, freshUntilMs };
}

export async function fetchClientCredentials(
  parts: BrokerParts,
  source: Source<"client-credentials">,
  holder: Holder,
): Promise<Kept> {
  const { scopes, resource, audience } = source;
  return fetchToken(parts, source, {
    holder,
    name: "",
    toGrant: async () => ({ kind: "client-credentials", scopes, resource, audience }),
  });
}

export async function fetchExchange(
  parts: BrokerParts,
  source: Source<"exchange">,
  holder: Holder,
): Promise<Kept> {
  const { scopes, resource, audience, subjectAudience } = source;
  return fetchToken(parts, source, {
    holder,
    name: toPrincipalKey(holder.principal),
    toGrant: async () => {
      const subjectToken = await parts.mint(holder.principal, subjectAudience);
      return { kind: "exchange", subjectToken, scopes, resource, audience };
    },
  });
}

interface Fetching {
  readonly holder: Holder;
  readonly name: string;
  readonly toGrant: () => Promise<TokenGrant>;
}

async function fetchToken(
  parts: BrokerParts,
  source: TokenSource,
  { holder, name, toGrant }: Fetching,
): Promise<Kept> {
  const { clock, issuers, backoff } = parts;
  const hosts = parseHosts(source.hosts);
  const client = await readClient(parts, source, holder.tenant);
  if ("kind" in client) {
    return { source, outcome: client, hosts, freshUntilMs: clock.monotonicMs() + missingMs };
  }
  // Before it: what keeps us from asking says nothing of the issuer.
  const grant = await toGrant();
  const granted = await backoff.run(source.issuer.issuer, () =>
    issuers.grant(source.issuer, client, grant),
  );
  if (granted.kind === "refused") return toRefused(parts, source, granted);
  const whose = toShortName(`${holder.tenant}\n${holder.server}\n${name}`);
  const id = `${holder.server}/${source.kind}/${whose}@${makeSerial(parts)}`;
  const { lifetimeMs, expiresAtMs } = toLifetime(clock.nowMs(), granted.token);
  const freshUntilMs = clock.monotonicMs() + toUsableMs(lifetimeMs);
  const headers = toBearer(granted.token.access.reveal());
  return {
    source,
    outcome: Object.freeze({ kind: "ready", headers, id, expiresAtMs }),
    hosts,
    freshUntilMs,
  };
}

export function toRefused(
  { clock }: BrokerParts,
  source: TokenSource,
  { error }: Extract<Granted, { kind: "refused" }>,
): Kept {
  const message = `${source.issuer.issuer} gives no token (${error}).`;
  return {
    source,
    outcome: refuse("issuer_refused", message),
    hosts: parseHosts(source.hosts),
    freshUntilMs: clock.monotonicMs() + refusedMs,
  };
}

export function toBearer(token: string): SecretHeaders {
  return new SecretHeaders({ authorization: `Bearer ${token}` });
}

export function toLifetime(nowMs: number, { expiresInS }: Pick<IssuedToken, "expiresInS">) {
  if (expiresInS === null) return { lifetimeMs: unsaidMs, expiresAtMs: null };
  const lifetimeMs = Math.min(longestMs, Math.floor(expiresInS * 1_000));
  return { lifetimeMs, expiresAtMs: nowMs + lifetimeMs };
}

/** Short-lived tokens lose a tenth, so that they are of use at all. */
export function toUsableMs(lifetimeMs: number): number {
  return lifetimeMs - Math.min(earlyMs, lifetimeMs / 10);
}
