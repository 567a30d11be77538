import { Fault } from "../model/index.ts";
import { toSandboxFactsOf } from "../model/server-sandbox.ts";
import { serverOfUri, type Catalog } from "../ports/catalog.ts";
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
import { resolveToolset } from "./resolve.ts";

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
/** A freeze is heard within a second; what is under way ends within two. */
const lookMs = 500;

interface Watcher extends WatchWish {
  readonly granted: WatchFilter;
  /** By server. */
  readonly uris: ReadonlyMap<string, readonly string[]>;
  /** Servers that are frozen for it: nothing of theirs is asked for or told until that is lifted. */
  readonly frozen: Set<string>;
}

/** Who wants to be told of what. Servers are asked for the sum of it, and told again when it changes. */
export function createWatch(options: WatchOptions): Watch & { close(): void } {
  const { registry, connections } = options;
  const watchers = new Set<Watcher>();
  const wanted = createWanted(options, (server) => urisOf(watchers, server));
  const stopped = new AbortController();
  void lookAgain(options, stopped.signal, () => {
    for (const server of applyFreezes(options, watchers)) wanted.changed(server);
  });

  const stopLists = registry.onChange((change) => {
    for (const { toolset, granted, onNotification } of watchers) {
      if (granted.tools && change.tools.includes(toolset)) onNotification(listChanged.tools);
      if (granted.prompts && change.prompts.includes(toolset)) onNotification(listChanged.prompts);
      if (granted.resources && change.resources.includes(toolset))
        onNotification(listChanged.resources);
    }
  });
  const stopChanges = connections.onChange((server, change) => {
    if (change === "closed") wanted.changed(server);
    else if (change.method === "notifications/resources/updated")
      tellUpdated(options, watchers, { server, change });
  });

  return {
    async open(wish) {
      if (stopped.signal.aborted)
        throw new Fault("draining", "The configuration that was watched is gone.");
      if (watchers.size >= maxWatching)
        throw new Fault("overloaded", "Too many clients watch already.");
      const { uris, frozen } = toUris(options, wish);
      const updated = [...uris.values()].flat();
      const watcher: Watcher = { ...wish, uris, frozen, granted: { ...wish.filter, updated } };
      watchers.add(watcher);
      for (const server of uris.keys()) wanted.changed(server);
      return {
        granted: watcher.granted,
        close: () => {
          if (!watchers.delete(watcher)) return;
          for (const server of uris.keys()) wanted.changed(server);
        },
      };
    },
    close() {
      stopLists();
      stopChanges();
      wanted.close();
      stopped.abort();
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

function toUris(options: WatchOptions, wish: WatchWish): Pick<Watcher, "uris" | "frozen"> {
  const { toolset: name, principal, filter } = wish;
  const catalog = options.registry.catalog();
  const toolset = resolveToolset(catalog, { toolset: name, principal });
  const uris = new Map<string, string[]>();
  const frozen = new Set<string>();
  const held = new Set(wish.held);
  for (const uri of new Set(filter.updated)) {
    const server = serverOfUri(toolset, uri);
    if (server === null || !canSubscribe(catalog, server)) continue;
    if (holdsSecret(options, uri)) {
      options.guard.count("arguments");
      continue;
    }
    if (!mayRead(options, wish, { server, uri })) continue;
    if (isFrozen(options, wish, server)) {
      if (!held.has(uri)) continue;
      frozen.add(server);
    }
    const known = uris.get(server);
    if (known === undefined) uris.set(server, [uri]);
    else known.push(uri);
  }
  return { uris, frozen };
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
  const decision = decider.decide({
    approved: false,
    ...about,
    principal,
    roles,
    toolset,
    args: { uri },
    labels: [],
    nowMs: clock.nowMs(),
    run: null,
    sandbox: toSandboxFactsOf(server.config, null),
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
  return !guard.scan.isEmpty && guard.scan.find(JSON.stringify({ uri })).length > 0;
}

async function lookAgain(
  { clock }: WatchOptions,
  signal: AbortSignal,
  look: () => void,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(lookMs, signal).catch(() => undefined);
    if (!signal.aborted) look();
  }
}

/** What was frozen or lifted since: the servers that are to be asked for less or more than before. */
function applyFreezes(options: WatchOptions, watchers: ReadonlySet<Watcher>): ReadonlySet<string> {
  const changed = new Set<string>();
  // A freeze is of a tenant, an agent or a server: nobody is looked at twice.
  const known = new Map<string, boolean>();
  for (const watcher of watchers) {
    const { principal, uris, frozen } = watcher;
    for (const server of uris.keys()) {
      const key = `${principal.tenant}\n${principal.actor?.agent ?? ""}\n${server}`;
      const isNow = known.get(key) ?? isFrozen(options, watcher, server);
      known.set(key, isNow);
      if (isNow === frozen.has(server)) continue;
      changed.add(server);
      if (isNow) frozen.add(server);
      else {
        frozen.delete(server);
        // Whatever changed meanwhile went past.
        for (const uri of uris.get(server)!) tellOne(options, watcher, { server, uri });
      }
    }
  }
  return changed;
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
  for (const { uris, frozen } of watchers)
    if (!frozen.has(server)) for (const uri of uris.get(server) ?? []) all.add(uri);
  return [...all].slice(0, maxUris);
}

interface Changed {
  readonly server: string;
  readonly change: UpstreamNotification;
}

function tellUpdated(
  options: WatchOptions,
  watchers: ReadonlySet<Watcher>,
  { server, change }: Changed,
): void {
  const { uri } = change.params;
  if (typeof uri !== "string") return;
  for (const watcher of watchers) {
    if (watcher.uris.get(server)?.includes(uri) === true)
      tellOne(options, watcher, { server, uri });
  }
}

/** Asked again each time: what was allowed when it began may be frozen, and rules may read the clock. */
function tellOne(options: WatchOptions, watcher: Watcher, watched: Watched): void {
  const { server, uri } = watched;
  if (watcher.frozen.has(server) || isFrozen(options, watcher, server)) return;
  if (holdsSecret(options, uri) || !mayRead(options, watcher, watched)) return;
  watcher.onNotification({ method: "notifications/resources/updated", params: { uri } });
}

/**
 * Tells each server the latest sum, one telling at a time; what failed is told with the next connection.
 * The sum is taken when it is told: of many who come at once, nobody is counted for each of the others.
 */
function createWanted(
  { connections, telemetry }: WatchOptions,
  sumOf: (server: string) => readonly string[],
) {
  const stopped = new AbortController();
  const untold = new Set<string>();
  const telling = new Set<string>();

  async function tell(server: string): Promise<void> {
    const [endpoint] = connections.endpoints(server);
    telling.add(server);
    while (endpoint !== undefined && untold.delete(server) && !stopped.signal.aborted) {
      try {
        const upstream = await connections.get({ server, endpoint, subject: "" }, stopped.signal);
        // Whoever has come since is in the sum.
        untold.delete(server);
        await upstream.watch(sumOf(server));
      } catch (fault) {
        telemetry.log("warn", "a server could not be asked for changes of its resources", {
          server,
          fault,
        });
      }
    }
    // In the same moment in which nothing was left: nobody comes in between and is not told.
    telling.delete(server);
  }

  return {
    changed(server: string): void {
      untold.add(server);
      if (!telling.has(server)) void tell(server);
    },
    close: () => stopped.abort(),
  };
}
