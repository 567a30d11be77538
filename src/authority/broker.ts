import { Fault, toSubjectKey } from "../model/index.ts";
import type {
  CredentialAsk,
  CredentialOutcome,
  CredentialRefusal,
  Credentials,
  CredentialSource,
} from "../ports/credentials.ts";
import { createIssuerBackoff } from "./broker-backoff.ts";
import { createCredentialCache, type CredentialCache, type Kept } from "./broker-cache.ts";
import { createConsentSteps, type ConsentSteps } from "./broker-confirm.ts";
import { beginConsent } from "./broker-consent.ts";
import { fetchClientCredentials, fetchExchange, fetchStatic } from "./broker-fetch.ts";
import { parseHosts } from "./broker-hosts.ts";
import { refuse, type BrokerOptions, type BrokerParts, type Holder } from "./broker-parts.ts";
import { createIssuerQueue } from "./broker-queue.ts";
import { revokeCredential, tell, toAccessToken, type Revoked } from "./broker-revoke.ts";
import { fetchUser } from "./broker-user.ts";

/** Also what the API's consent pages and the operator's commands use. */
export interface Broker extends Credentials, ConsentSteps {
  /** The page that asks the person to agree, whether or not there is a grant already. */
  begin(holder: Holder): Promise<CredentialOutcome>;
  /** Gets another one now: refreshed, asked for anew or read again. */
  rotate(ask: CredentialAsk): Promise<CredentialOutcome>;
  /** Removed here in any case, and at the issuer if it can be reached. */
  revoke(holder: Holder): Promise<Revoked>;
}

const maxCachedDefault = 10_000;
/** Different credentials under way at once; one more is told to come again. */
const maxFlights = 1_000;

export function createBroker(options: BrokerOptions): Broker {
  const { clock, random, maxCached = maxCachedDefault } = options;
  const parts: BrokerParts = {
    ...options,
    backoff: createIssuerBackoff(clock, random),
    queue: createIssuerQueue(clock),
  };
  const cache = createCredentialCache(clock, maxCached);
  const stock = createStock(parts, cache);
  return {
    recall: stock.recall,
    headersFor: stock.headersFor,
    rejected: (id) => cache.reject(id),
    ...createConsentSteps(parts, (holder, source) => cache.forget(toKey(source, holder))),
    async begin(holder) {
      if (holder.tenant !== holder.principal.tenant) return otherTenant();
      const source = parts.sourceOf(holder.tenant, holder.server);
      if (source?.kind === "user") return beginConsent(parts, source, holder);
      return refuse("not_configured", `${holder.server} asks nobody for consent.`);
    },
    async rotate(ask) {
      const before = await stock.headersFor(ask);
      const source = parts.sourceOf(ask.tenant, ask.server);
      if (before.kind !== "ready" || source === null) return before;
      const old = cache.take(toKey(source, ask));
      const after = await stock.obtain(ask, before.id);
      if (source.kind !== "static" && source.kind !== "user" && after.kind === "ready") {
        await tell(parts, source, { holder: ask, token: toAccessToken(old) });
      }
      return after;
    },
    async revoke(holder) {
      const source = parts.sourceOf(holder.tenant, holder.server);
      if (source === null || holder.tenant !== holder.principal.tenant) {
        return { removed: false, revoked: false };
      }
      const key = toKey(source, holder);
      const done = await revokeCredential(parts, source, { holder, kept: cache.take(key) });
      // What was read before the removal may have come in meanwhile.
      await stock.settled(key);
      cache.forget(key);
      return done;
    },
  };
}

/** What is at hand, and how it is got when it is not. */
function createStock(parts: BrokerParts, cache: CredentialCache) {
  const { sourceOf } = parts;
  const fly = createFlights(parts, cache);
  const hostsOf = createHostsOf();

  function recall(ask: CredentialAsk): CredentialOutcome | null {
    if (ask.tenant !== ask.principal.tenant) return otherTenant();
    const source = sourceOf(ask.tenant, ask.server);
    if (source === null) return notConfigured(ask);
    if (!hostsOf(source).has(ask.host)) return notBound(ask);
    const kept = cache.get(toKey(source, ask), source);
    if (kept === null) return null;
    // Stored material may be bound to fewer hosts than configuration lists.
    return kept.outcome.kind === "refused" || kept.hosts.has(ask.host) ? kept.outcome : null;
  }

  async function obtain(ask: CredentialAsk, rejectedId: string | null): Promise<CredentialOutcome> {
    const source = sourceOf(ask.tenant, ask.server);
    if (source === null) return notConfigured(ask);
    const key = toKey(source, ask);
    const kept = await fly.join(key, { source, ask, rejectedId });
    if (kept !== null) {
      if (kept.outcome.kind === "refused" || kept.hosts.has(ask.host)) return kept.outcome;
    }
    return source.kind === "user" ? beginConsent(parts, source, ask) : notBound(ask);
  }

  async function headersFor(ask: CredentialAsk): Promise<CredentialOutcome> {
    const known = recall(ask);
    if (known !== null) return known;
    const source = sourceOf(ask.tenant, ask.server);
    return obtain(ask, source === null ? null : cache.rejectedId(toKey(source, ask)));
  }

  return { recall, obtain, headersFor, settled: fly.settled };
}

interface Fetch {
  readonly source: CredentialSource;
  readonly ask: CredentialAsk;
  readonly rejectedId: string | null;
}

/** One at a time for each credential: whoever comes meanwhile waits for the same. */
function createFlights(parts: BrokerParts, cache: CredentialCache) {
  const flights = new Map<string, Promise<Kept | null>>();

  async function join(key: string, fetch: Fetch): Promise<Kept | null> {
    const under = flights.get(key);
    if (under !== undefined) return under;
    if (flights.size >= maxFlights) {
      throw new Fault("upstream_busy", "As many credentials as may be are being fetched.");
    }
    const flight = keep(key, fetch);
    flights.set(key, flight);
    try {
      return await flight;
    } finally {
      flights.delete(key);
    }
  }

  /** A part of the flight: whoever waits for its end finds it kept. */
  async function keep(key: string, fetch: Fetch): Promise<Kept | null> {
    const kept = await fetchOne(parts, fetch);
    if (kept !== null) cache.set(key, kept);
    return kept;
  }

  async function settled(key: string): Promise<void> {
    await flights.get(key)?.catch(() => null);
  }

  return { join, settled };
}

function fetchOne(parts: BrokerParts, { source, ask, rejectedId }: Fetch): Promise<Kept | null> {
  switch (source.kind) {
    case "static":
      return fetchStatic(parts, source, ask);
    case "client-credentials":
      return fetchClientCredentials(parts, source, ask);
    case "exchange":
      return fetchExchange(parts, source, ask);
    case "user":
      return fetchUser(parts, source, { holder: ask, rejectedId });
  }
}

/** What is given to one is not given to another whose key differs. */
function toKey({ kind }: CredentialSource, { tenant, server, principal }: Holder): string {
  if (kind === "user") return `${server}\n${toSubjectKey(principal)}`;
  if (kind !== "exchange") return `${server}\n${tenant}`;
  const { actor } = principal;
  // As JSON: a name with a line break in it is not read as two.
  return `${server}\n${JSON.stringify([actor?.bundle, actor?.agent])}\n${toSubjectKey(principal)}`;
}

/** Parsed once for each source of a revision; a revision that is gone takes its own along. */
function createHostsOf(): (source: CredentialSource) => ReadonlySet<string> {
  const parsed = new WeakMap<CredentialSource, ReadonlySet<string>>();
  return (source) => {
    const known = parsed.get(source);
    if (known !== undefined) return known;
    const hosts = parseHosts(source.hosts);
    parsed.set(source, hosts);
    return hosts;
  };
}

function otherTenant(): CredentialRefusal {
  return refuse("other_tenant", "The principal belongs to another tenant.");
}

function notConfigured({ server }: CredentialAsk): CredentialRefusal {
  return refuse("not_configured", `${server} has no credential.`);
}

function notBound({ server, method, target }: CredentialAsk): CredentialRefusal {
  const what = target === null ? method : `${method} ${target}`;
  return refuse(
    "host_not_bound",
    `The credential of ${server} is not bound to where ${what} goes.`,
  );
}
