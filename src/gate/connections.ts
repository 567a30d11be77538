import { untilAborted } from "../lib/until-aborted.ts";
import { isRemote, type ServerConfig } from "../model/config-servers.ts";
import { Fault, type Principal, type TenantId } from "../model/index.ts";
import { toDestination, type Credentials } from "../ports/credentials.ts";
import { hasCredential, presentCredential } from "./credential.ts";
import { GuardedUpstream, type Guard } from "./guard-upstream.ts";
import type { IndexWatch } from "./index-ages.ts";
import type { ConnectionKey, Connections } from "../ports/connections.ts";
import type { EgressCredential } from "../ports/sandbox.ts";
import type { Secrets } from "../ports/secrets.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type {
  Connector,
  Upstream,
  UpstreamNotification,
  UpstreamTarget,
} from "../ports/upstream.ts";

export interface ConnectionsOptions {
  readonly servers: Readonly<Record<string, ServerConfig>>;
  readonly connectors: Readonly<Record<ServerConfig["transport"], Connector>>;
  readonly secrets: Secrets;
  readonly credentials: Credentials;
  /** Whose the servers are: it is for this tenant that their tools are listed. */
  readonly tenant: TenantId;
  readonly telemetry: Telemetry;
  readonly guard: Guard;
  readonly indexes: Pick<IndexWatch, "listen">;
}

/** Sessions of legacy servers that are kept per caller; the one that was idle longest goes first. */
const maxPerServer = 1_000;

interface Held {
  /** Of no subject: it is asked for changes, and says what every caller's session is like. */
  readonly isShared: boolean;
  readonly opening: Promise<Upstream>;
  upstream: Upstream | null;
}

type ChangeListener = (server: string, change: UpstreamNotification | "closed") => void;

/** One connection a key. Whoever asks for one that is being opened waits for the same. */
export class ConnectionPool implements Connections {
  readonly #options: ConnectionsOptions;
  readonly #held = new Map<string, Map<string, Held>>();
  readonly #listeners = new Set<ChangeListener>();
  readonly #stopped = new AbortController();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  async get(key: ConnectionKey, signal: AbortSignal): Promise<Upstream> {
    this.#stopped.signal.throwIfAborted();
    const { upstream, opening } = this.#hold(key);
    return upstream ?? untilAborted(opening, signal);
  }

  endpoints(server: string): readonly string[] {
    const { servers } = this.#options;
    return Object.hasOwn(servers, server) ? toEndpoints(servers[server]!) : [];
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Calls under way, those that are parked among them. */
  outstanding(): number {
    let count = 0;
    for (const ofServer of this.#held.values())
      for (const { upstream } of ofServer.values()) count += upstream?.outstanding ?? 0;
    return count;
  }

  async close(): Promise<void> {
    this.#stopped.abort(new Fault("draining", "This server is shutting down."));
    this.#listeners.clear();
    const all = [...this.#held.values()].flatMap((ofServer) => [...ofServer.values()]);
    this.#held.clear();
    await Promise.allSettled(all.map(async ({ opening }) => (await opening).close()));
  }

  #hold(key: ConnectionKey): Held {
    const ofServer = this.#held.get(key.server) ?? new Map<string, Held>();
    this.#held.set(key.server, ofServer);
    const name = `${key.endpoint}\n${key.subject}`;
    const known = ofServer.get(name);
    if (known !== undefined) {
      // The youngest stands last; a shared one is never sent away.
      if (!known.isShared) {
        ofServer.delete(name);
        ofServer.set(name, known);
      }
      return known;
    }
    makeRoom(ofServer);
    const forget = (): void => {
      if (ofServer.get(name) === made) ofServer.delete(name);
    };
    const opening = this.#open(key, () => forget());
    const made: Held = { isShared: key.subject === "", opening, upstream: null };
    made.opening.then(
      (upstream) => void (made.upstream = upstream),
      () => forget(),
    );
    ofServer.set(name, made);
    return made;
  }

  async #open(key: ConnectionKey, forget: () => void): Promise<Upstream> {
    const { servers, secrets, connectors, telemetry, guard, indexes } = this.#options;
    const config = Object.hasOwn(servers, key.server) ? servers[key.server] : undefined;
    if (config === undefined) throw new Fault("not_found", "There is no such server.");
    const { server, endpoint } = key;
    const target: UpstreamTarget = {
      ...key,
      config,
      ...(await resolveSecrets(config, key.endpoint, secrets)),
      present: this.#toPresent(config, key),
      redact: (text) => guard.cleanText(text),
      onChange: (change) => this.#tell(server, guard.cleanNotification(change)),
      onClose: (said) => {
        forget();
        const reason = guard.cleanText(said);
        telemetry.log("info", "a connection to a server ended", { server, endpoint, reason });
        this.#tell(server, "closed");
      },
    };
    try {
      const { signal } = this.#stopped;
      const upstream = await connectors[config.transport].connect(target, signal);
      return indexes.listen(server, new GuardedUpstream(upstream, guard));
    } catch (error) {
      throw guard.cleanError(error);
    }
  }

  /** What belongs to no call is asked for anew each time: a token may have run out or be revoked. */
  #toPresent(config: ServerConfig, key: ConnectionKey): UpstreamTarget["present"] {
    const { credentials, tenant } = this.#options;
    const principal = key.principal ?? toLister(config, tenant);
    if (principal === null || !hasCredential(config)) return null;
    const { server, endpoint } = key;
    const wanted = { principal, server, endpoint, method: "a connection", target: null };
    return () => presentCredential(credentials, wanted);
  }

  #tell(server: string, change: UpstreamNotification | "closed"): void {
    for (const listener of this.#listeners) listener(server, change);
  }
}

/** As whom a server is asked what it offers; null: as nobody. */
function toLister(config: ServerConfig, tenant: TenantId): Principal | null {
  const credential = isRemote(config) ? config.credential : undefined;
  switch (credential?.kind) {
    case undefined:
    case "exchange":
      return null;
    case "client-credentials":
      return { tenant, kind: "service", subject: "countersign", actor: null };
    case "user":
      return credential.listAs === undefined ? null : { ...credential.listAs, tenant, actor: null };
  }
}

function toEndpoints(config: ServerConfig): readonly string[] {
  if (isRemote(config)) return [config.url, ...config.endpoints];
  const copies = config.transport === "stdio" ? config.children : 1;
  return Array.from({ length: copies }, (_, index) => String(index));
}

function makeRoom(ofServer: Map<string, Held>): void {
  if (ofServer.size < maxPerServer) return;
  for (const [name, { isShared, upstream }] of ofServer) {
    if (isShared || upstream === null || upstream.outstanding > 0) continue;
    ofServer.delete(name);
    upstream.close().catch(() => undefined);
    return;
  }
  throw new Fault("upstream_busy", "As many callers as this server takes have a session with it.");
}

async function resolveSecrets(
  config: ServerConfig,
  endpoint: string,
  secrets: Secrets,
): Promise<Pick<UpstreamTarget, "headers" | "environment" | "egressCredentials">> {
  const headers: Record<string, string> = {};
  const environment: Record<string, string> = {};
  const egressCredentials: EgressCredential[] = [];
  const target = { headers, environment, egressCredentials };
  if (config.transport === "stdio") {
    for (const [name, given] of Object.entries(config.environment)) {
      environment[name] =
        typeof given === "string" ? (await secrets.resolve(given)).reveal() : given.value;
    }
    for (const { host: place, secret, variable } of config.egressCredentials) {
      const value = await secrets.resolve(secret, place);
      egressCredentials.push({ variable, place, secret: value });
    }
    return target;
  }
  if (!isRemote(config)) return target;
  // A secret that is bound to hosts is given to those alone.
  const destination = toDestination(endpoint) ?? undefined;
  for (const [name, { secret, prefix }] of Object.entries(config.headers)) {
    headers[name.toLowerCase()] =
      `${prefix}${(await secrets.resolve(secret, destination)).reveal().trim()}`;
  }
  return target;
}
