import type { BreakerStanding } from "../gate/breaker.ts";
import type { ServerStanding } from "../gate/server-tracks.ts";
import { toServerSandbox } from "../model/server-sandbox.ts";
import type { CatalogServer, CatalogTool } from "../ports/catalog.ts";
import type { DriftGrade, Registry } from "../ports/registry.ts";
import { otherTool } from "../ports/metric-entry.ts";
import { isToolLabel } from "../ports/sample.ts";
import type { CallFigures, RecentFigures } from "../sight/recent-calls.ts";
import type { Answer } from "./contract.ts";
import type { routes } from "./routes.ts";

/** What this replica has found out about servers by calling them. */
export interface Standing {
  /** Null: nothing was called there yet. */
  of(server: string): ServerStanding | null;
  recent(): Promise<RecentFigures>;
}

type Server = Answer<typeof routes.refreshServer>["body"];
type ServerFacts = Answer<typeof routes.getServer>["body"];
type Tool = Answer<typeof routes.listTools>["body"]["tools"][number];

export interface Seen {
  readonly standing: Standing | null;
  readonly recent: RecentFigures | null;
}

export async function look(standing: Standing | undefined): Promise<Seen> {
  if (standing === undefined) return { standing: null, recent: null };
  return { standing, recent: await standing.recent() };
}

export function toServers(registry: Registry, seen: Seen): Server[] {
  return [...registry.catalog().servers.values()].map((server) => toServer(registry, server, seen));
}

const grades: readonly DriftGrade[] = ["dangerous", "breaking", "widening", "cosmetic"];

function toServer(registry: Registry, server: CatalogServer, seen: Seen): Server {
  const own = toolsOf(registry, server.name);
  const drifts = registry.drift(server.name);
  return {
    ...toState(server),
    name: server.name,
    transport: server.config.transport,
    listedAt: server.listedAtMs === null ? null : toTime(server.listedAtMs),
    tools: own.length,
    blocked: own.filter(({ blocked }) => blocked !== null).length,
    drifts: drifts.length,
    worst: grades.find((grade) => drifts.some((drift) => drift.grade === grade)) ?? null,
    sandbox: toServerSandbox(server.config, null)?.tier ?? null,
    ...toSeen(server.name, seen),
  };
}

function toSeen(name: string, { standing, recent }: Seen): Pick<Server, "seen"> {
  if (standing === null) return {};
  const stands = standing.of(name);
  const endpoints = stands?.endpoints ?? [];
  return {
    seen: {
      breaker: stands?.breaker.state ?? "closed",
      ejected: endpoints.filter(({ ejectedMs }) => ejectedMs > 0).length,
      recent: toRecent(recent, recent?.servers.get(name)),
    },
  };
}

const noCalls: CallFigures = {
  calls: 0,
  denied: 0,
  errors: 0,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
};

function toRecent(recent: RecentFigures | null, figures: CallFigures = noCalls) {
  return recent === null ? null : { windowMs: recent.windowMs, ...figures };
}

function toolsOf(registry: Registry, server: string): readonly CatalogTool[] {
  const tools = [...registry.catalog().toolsets.get("")!.tools.values()];
  return tools.filter((each) => each.server === server);
}

function toState({ state }: CatalogServer): Pick<Server, "state" | "reason" | "version"> {
  switch (state.kind) {
    case "connecting":
      return { state: "connecting", reason: null, version: null };
    case "ready":
      return { state: "ready", reason: null, version: state.version };
    case "down":
      return { state: "down", reason: state.message, version: null };
  }
}

/** Null: there is no such server. */
export function toServerFacts(registry: Registry, name: string, seen: Seen): ServerFacts | null {
  const server = registry.catalog().servers.get(name);
  if (server === undefined) return null;
  const stands = seen.standing?.of(name) ?? null;
  const recent = seen.recent?.tools.get(name);
  return {
    server: toServer(registry, server, seen),
    serverVersion: server.serverVersion,
    instructions: server.instructions,
    capabilities: Object.keys(server.capabilities).toSorted(),
    seen:
      stands === null
        ? null
        : { breaker: toBreaker(stands.breaker), endpoints: [...stands.endpoints] },
    tools: toolsOf(registry, name).map((tool) => {
      const breaker = stands?.tools.get(tool.name);
      return {
        ...toTool(tool),
        ownName: tool.name,
        idempotent: tool.idempotent,
        outward: tool.config.outward ?? server.config.outward,
        breaker: breaker === undefined ? null : toBreaker(breaker),
        recent: isCounted(tool.name, recent) ? toRecent(seen.recent, recent?.get(tool.name)) : null,
      };
    }),
  };
}

/**
 * Names that are no labels, and those beyond the bound, are counted together: nothing is known of one
 * of them.
 */
function isCounted(tool: string, recent: ReadonlyMap<string, CallFigures> | undefined): boolean {
  if (!isToolLabel(tool)) return false;
  return recent === undefined || recent.has(tool) || !recent.has(otherTool);
}

function toBreaker({ state, faults, opened, coolingMs }: BreakerStanding) {
  const shown = opened === null ? null : { at: toTime(opened.atMs), fault: opened.fault };
  return { state, faults, opened: shown, coolingMs };
}

export function toTool({ exposed, blocked, ...tool }: CatalogTool): Tool {
  const { server, title, description, effect, pin } = tool;
  const reasons = blocked === null ? null : [...blocked.reasons];
  return { name: exposed, server, title, description, effect, pin, blocked: reasons };
}

const toTime = (atMs: number): string => new Date(atMs).toISOString();
