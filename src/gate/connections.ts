import type { ServerConfig } from "../model/config-servers.ts";
import { Fault } from "../model/index.ts";
import type { ConnectionKey, Connections } from "../ports/connections.ts";
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
  readonly telemetry: Telemetry;
}

/** Sessions of legacy servers that are kept per caller; the one that was idle longest goes first. */
const maxPerServer = 1_000;

interface Held {
  readonly opening: Promise<Upstream>;
  upstream: Upstream | null;
}

type ChangeListener = (server: string, change: UpstreamNotification | "closed") => void;

/** One connection a key. Whoever asks for one that is being opened waits for the same. */
export function createConnections(
  options: ConnectionsOptions,
): Connections & { close(): Promise<void> } {
  const { servers, telemetry } = options;
  const held = new Map<string, Map<string, Held>>();
  const listeners = new Set<ChangeListener>();
  const stopped = new AbortController();

  function tell(server: string, change: UpstreamNotification | "closed"): void {
    for (const listener of listeners) listener(server, change);
  }

  async function open(key: ConnectionKey, forget: () => void): Promise<Upstream> {
    const config = servers[key.server];
    if (config === undefined) throw new Fault("not_found", "There is no such server.");
    const target: UpstreamTarget = {
      ...key,
      config,
      ...(await resolveSecrets(config, options.secrets)),
      onChange: (change) => tell(key.server, change),
      onClose: (reason) => {
        forget();
        telemetry.log("info", "a connection to a server ended", {
          server: key.server,
          endpoint: key.endpoint,
          reason,
        });
        tell(key.server, "closed");
      },
    };
    return options.connectors[config.transport].connect(target, stopped.signal);
  }

  function hold(key: ConnectionKey): Held {
    const ofServer = held.get(key.server) ?? new Map<string, Held>();
    held.set(key.server, ofServer);
    const name = `${key.endpoint}\n${key.subject}`;
    const known = ofServer.get(name);
    if (known !== undefined) {
      // The youngest stands last.
      ofServer.delete(name);
      ofServer.set(name, known);
      return known;
    }
    makeRoom(ofServer);
    const forget = (): void => {
      if (ofServer.get(name) === made) ofServer.delete(name);
    };
    const made: Held = { opening: open(key, () => forget()), upstream: null };
    made.opening.then(
      (upstream) => void (made.upstream = upstream),
      () => forget(),
    );
    ofServer.set(name, made);
    return made;
  }

  return {
    async get(key, signal) {
      stopped.signal.throwIfAborted();
      const { upstream, opening } = hold(key);
      return upstream ?? (await untilAborted(opening, signal));
    },
    endpoints: (server) => (Object.hasOwn(servers, server) ? toEndpoints(servers[server]!) : []),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      stopped.abort(new Fault("draining", "This server is shutting down."));
      listeners.clear();
      const all = [...held.values()].flatMap((ofServer) => [...ofServer.values()]);
      held.clear();
      await Promise.allSettled(all.map(async ({ opening }) => (await opening).close()));
    },
  };
}

function toEndpoints(config: ServerConfig): readonly string[] {
  if (config.transport !== "stdio") return [config.url, ...config.endpoints];
  return Array.from({ length: config.children }, (_, index) => String(index));
}

function makeRoom(ofServer: Map<string, Held>): void {
  if (ofServer.size < maxPerServer) return;
  for (const [name, { upstream }] of ofServer) {
    if (upstream === null || upstream.outstanding > 0) continue;
    ofServer.delete(name);
    upstream.close().catch(() => undefined);
    return;
  }
  throw new Fault("upstream_busy", "As many callers as this server takes have a session with it.");
}

async function resolveSecrets(
  config: ServerConfig,
  secrets: Secrets,
): Promise<Pick<UpstreamTarget, "headers" | "environment">> {
  const headers: Record<string, string> = {};
  const environment: Record<string, string> = {};
  if (config.transport === "stdio") {
    for (const [name, given] of Object.entries(config.environment)) {
      environment[name] =
        typeof given === "string" ? (await secrets.resolve(given)).reveal() : given.value;
    }
    return { headers, environment };
  }
  for (const [name, { secret, prefix }] of Object.entries(config.headers)) {
    headers[name.toLowerCase()] = `${prefix}${(await secrets.resolve(secret)).reveal().trim()}`;
  }
  return { headers, environment };
}

/** What is being opened goes on for the others; this caller stops waiting. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
