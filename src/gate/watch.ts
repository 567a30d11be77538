import { Fault } from "../model/index.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { Connections } from "../ports/connections.ts";
import type { Decider } from "../ports/decider.ts";
import type { Freezes } from "../ports/freezes.ts";
import type { Registry } from "../ports/registry.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { UpstreamNotification } from "../ports/upstream.ts";
import type { Watch, WatchFilter, WatchWish } from "../ports/watch.ts";
import { defaultTenant } from "./dispatch.ts";
import type { Guard } from "./guard-upstream.ts";
import { resolveToolset, serverOfUri } from "./resolve.ts";

export interface WatchOptions {
  readonly registry: Pick<Registry, "catalog" | "onChange">;
  readonly connections: Connections;
  readonly telemetry: Telemetry;
  readonly decider: Pick<Decider, "decide" | "readsLabels">;
  readonly freezes: Freezes;
  readonly guard: Pick<Guard, "scan" | "count">;
  readonly clock: Clock;
}

const maxWatching = 50_000;
/** Of one server, all callers together. */
const maxUris = 10_000;

interface Watcher extends WatchWish {
  readonly granted: WatchFilter;
  /** By server. */
  readonly uris: ReadonlyMap<string, readonly string[]>;
}

/** Who wants to be told of what. Servers are asked for the sum of it, and told again when it changes. */
export function createWatch(options: WatchOptions): Watch & { close(): void } {
  const { registry, connections } = options;
  const watchers = new Set<Watcher>();
  const wanted = createWanted(options);
  let isClosed = false;

  const stopLists = registry.onChange((change) => {
    for (const { toolset, granted, onNotification } of watchers) {
      if (granted.tools && change.tools.includes(toolset)) onNotification(listChanged.tools);
      if (granted.prompts && change.prompts.includes(toolset)) onNotification(listChanged.prompts);
      if (granted.resources && change.resources.includes(toolset))
        onNotification(listChanged.resources);
    }
  });
  const stopChanges = connections.onChange((server, change) => {
    if (change === "closed") wanted.apply(server, urisOf(watchers, server));
    else if (change.method === "notifications/resources/updated")
      tellUpdated(watchers, server, change);
  });

  return {
    async open(wish) {
      if (isClosed) throw new Fault("draining", "The configuration that was watched is gone.");
      if (watchers.size >= maxWatching)
        throw new Fault("overloaded", "Too many clients watch already.");
      const uris = toUris(options, wish);
      const updated = [...uris.values()].flat();
      const watcher: Watcher = { ...wish, uris, granted: { ...wish.filter, updated } };
      watchers.add(watcher);
      for (const server of uris.keys()) wanted.apply(server, urisOf(watchers, server));
      return {
        granted: watcher.granted,
        close: () => {
          if (!watchers.delete(watcher)) return;
          for (const server of uris.keys()) wanted.apply(server, urisOf(watchers, server));
        },
      };
    },
    close() {
      stopLists();
      stopChanges();
      wanted.close();
      isClosed = true;
      const ended = [...watchers];
      watchers.clear();
      for (const { onEnd } of ended) onEnd();
    },
  };
}

const listChanged = {
  tools: { method: "notifications/tools/list_changed", params: {} },
  prompts: { method: "notifications/prompts/list_changed", params: {} },
  resources: { method: "notifications/resources/list_changed", params: {} },
};

function toUris(options: WatchOptions, wish: WatchWish): ReadonlyMap<string, readonly string[]> {
  const { toolset: name, principal, filter } = wish;
  const catalog = options.registry.catalog();
  const toolset = resolveToolset(catalog, { toolset: name, principal });
  const uris = new Map<string, string[]>();
  for (const uri of new Set(filter.updated)) {
    const server = serverOfUri(toolset, uri);
    if (server === null || !canSubscribe(catalog, server)) continue;
    if (!mayRead(options, wish, { server, uri })) continue;
    uris.set(server, [...(uris.get(server) ?? []), uri]);
  }
  return uris;
}

interface Watched {
  readonly server: string;
  readonly uri: string;
}

/** Being told that a resource has changed is a part of reading it, and asking for it sends the URI. */
function mayRead(options: WatchOptions, wish: WatchWish, { server: name, uri }: Watched): boolean {
  const { decider, clock, registry } = options;
  const { principal, roles, toolset } = wish;
  const server = registry.catalog().servers.get(name);
  if (server === undefined) return false;
  // The program that is watched is the common one, and other tenants have their own.
  if (server.config.transport === "stdio" && principal.tenant !== defaultTenant) return false;
  const about = {
    server,
    tool: null,
    method: "resources/read",
    kind: "Resource",
    target: uri,
    effect: "read",
    outward: server.config.outward,
  } as const;
  // A subscription outlives what its context has touched when it was asked for.
  if (decider.readsLabels(about)) return false;
  if (isFrozen(options, wish, name) || holdsSecret(options, uri)) return false;
  const decision = decider.decide({
    approved: false,
    ...about,
    principal,
    roles,
    toolset,
    args: { uri },
    labels: [],
    nowMs: clock.nowMs(),
  });
  return decision.kind === "allow" && decision.obligations.length === 0;
}

function isFrozen({ freezes }: WatchOptions, { principal }: WatchWish, server: string): boolean {
  try {
    freezes.check({ principal, server, tool: null, effect: "read" });
    return false;
  } catch {
    return true;
  }
}

function holdsSecret({ guard }: WatchOptions, uri: string): boolean {
  if (guard.scan.isEmpty || guard.scan.find(JSON.stringify({ uri })).length === 0) return false;
  guard.count("arguments");
  return true;
}

/** A legacy server says so; a modern one has subscriptions with its resources. */
function canSubscribe(catalog: Catalog, name: string): boolean {
  const server = catalog.servers.get(name);
  const resources = server?.capabilities["resources"];
  if (server?.state.kind !== "ready" || typeof resources !== "object" || resources === null)
    return false;
  return (resources as { readonly subscribe?: unknown }).subscribe === true;
}

function urisOf(watchers: ReadonlySet<Watcher>, server: string): readonly string[] {
  const all = new Set<string>();
  for (const { uris } of watchers) for (const uri of uris.get(server) ?? []) all.add(uri);
  return [...all].slice(0, maxUris);
}

function tellUpdated(
  watchers: ReadonlySet<Watcher>,
  server: string,
  change: UpstreamNotification,
): void {
  const { uri } = change.params;
  for (const { uris, onNotification } of watchers) {
    if (typeof uri === "string" && uris.get(server)?.includes(uri) === true) {
      onNotification({ method: change.method, params: { uri } });
    }
  }
}

/** Tells each server the latest sum, one telling at a time; what failed is told with the next connection. */
function createWanted({ connections, telemetry }: WatchOptions) {
  const stopped = new AbortController();
  const latest = new Map<string, readonly string[]>();
  const telling = new Map<string, Promise<void>>();

  async function tell(server: string): Promise<void> {
    const [endpoint] = connections.endpoints(server);
    while (endpoint !== undefined && latest.has(server) && !stopped.signal.aborted) {
      const uris = latest.get(server)!;
      latest.delete(server);
      try {
        const upstream = await connections.get({ server, endpoint, subject: "" }, stopped.signal);
        await upstream.watch(uris);
      } catch (fault) {
        telemetry.log("warn", "a server could not be asked for changes of its resources", {
          server,
          fault,
        });
      }
    }
  }

  return {
    apply(server: string, uris: readonly string[]): void {
      latest.set(server, uris);
      if (telling.has(server)) return;
      const done = tell(server).finally(() => telling.delete(server));
      telling.set(server, done);
    },
    close: () => stopped.abort(),
  };
}
