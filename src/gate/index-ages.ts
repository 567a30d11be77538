import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { toIndexes, type ServerConfig } from "../model/config-servers.ts";
import type { Clock } from "../ports/clock.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Upstream, UpstreamAnswer, UpstreamRequest } from "../ports/upstream.ts";
import { ownPrefix } from "./own-meta.ts";

/**
 * How old the indexes are that servers answer from, as they say it themselves in `_meta` of their lists
 * and results. Only names that the configuration has are read, and only of servers that have any.
 */
export interface IndexAges {
  /** The servers of a revision, until it is left. */
  enter(servers: Readonly<Record<string, ServerConfig>>): IndexWatch;
  /** As things stand: an age grows while nobody reports. */
  tell(): void;
}

export interface IndexWatch {
  /** The same upstream, listened to; itself where there is nothing to listen for. */
  listen(server: string, upstream: Upstream): Upstream;
  leave(): void;
}

export interface IndexAgesOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly telemetry: Pick<Telemetry, "gauge" | "log">;
}

export const indexesMember = `${ownPrefix}indexes`;
/** Ten years: what is older is no age. */
const mostSeconds = 10 * 366 * 86_400;

interface Watched {
  readonly server: string;
  readonly index: string;
  /** When it was last known to say what its source says; before its first report, when we began to wait. */
  sinceMs: number;
  /** Until it was told anything, nobody knows, which counts as yes. */
  isStale: boolean;
  reportedMs: number | null;
  isGarbled: boolean;
}

type OfServer = ReadonlyMap<string, Watched>;
type OfRevision = ReadonlyMap<string, OfServer>;

export function createIndexAges({ clock, telemetry }: IndexAgesOptions): IndexAges {
  const entered = new Set<OfRevision>();

  function hear(server: string, indexes: OfServer, answer: UpstreamAnswer): void {
    const reports = readReports(answer);
    if (reports === undefined) return;
    for (const [index, watched] of indexes) {
      if (isObject(reports) && !Object.hasOwn(reports, index)) continue;
      const report = isObject(reports) ? readReport(reports[index]) : null;
      const nowMs = clock.monotonicMs();
      if (report === null) {
        const message = "a server's report of its index cannot be read";
        if (!watched.isGarbled) telemetry.log("warn", message, { server, index });
        watched.isGarbled = true;
      } else {
        const { ageSeconds, stale } = report;
        const sinceMs = nowMs - ageSeconds * 1_000;
        Object.assign(watched, { sinceMs, isStale: stale, reportedMs: nowMs, isGarbled: false });
      }
    }
  }

  return {
    enter(servers) {
      const revision = toWatched(servers, clock.monotonicMs());
      entered.add(revision);
      return {
        listen(server, upstream) {
          const indexes = revision.get(server);
          if (indexes === undefined) return upstream;
          return new HeardUpstream(upstream, (answer) => hear(server, indexes, answer));
        },
        leave() {
          entered.delete(revision);
          // What nobody configures any more must not go on alerting.
          for (const watched of listWatched([revision]))
            set(telemetry, watched, { ageSeconds: 0, isStale: false });
        },
      };
    },
    tell() {
      const nowMs = clock.monotonicMs();
      for (const watched of listNewest(entered))
        set(telemetry, watched, {
          ageSeconds: Math.max(0, nowMs - watched.sinceMs) / 1_000,
          isStale: watched.isStale,
        });
    },
  };
}

function toWatched(servers: Readonly<Record<string, ServerConfig>>, sinceMs: number): OfRevision {
  const watched = Object.entries(servers).map(([server, config]): [string, OfServer] => {
    const fresh = { server, sinceMs, isStale: true, reportedMs: null, isGarbled: false };
    return [server, new Map(toIndexes(config).map((index) => [index, { ...fresh, index }]))];
  });
  return new Map(watched.filter(([, indexes]) => indexes.size > 0));
}

function listWatched(revisions: Iterable<OfRevision>): readonly Watched[] {
  return [...revisions].flatMap((each) => [...each.values()].flatMap((of) => [...of.values()]));
}

/** While a revision goes and the next one comes, both have their own: the one that heard last counts. */
function listNewest(revisions: Iterable<OfRevision>): Iterable<Watched> {
  const newest = new Map<string, Watched>();
  for (const watched of listWatched(revisions)) {
    const key = `${watched.server}\n${watched.index}`;
    const known = newest.get(key)?.reportedMs ?? null;
    if (known === null || (watched.reportedMs ?? -1) >= known) newest.set(key, watched);
  }
  return newest.values();
}

type Gauges = IndexAgesOptions["telemetry"];

function set(
  telemetry: Gauges,
  { server, index }: Watched,
  { ageSeconds, isStale }: { readonly ageSeconds: number; readonly isStale: boolean },
): void {
  telemetry.gauge("mcp_index_age_seconds", ageSeconds, { server, index });
  telemetry.gauge("mcp_index_stale", isStale ? 1 : 0, { server, index });
}

/** Undefined: it says nothing of any. */
function readReports(answer: UpstreamAnswer): Json | undefined {
  if (answer.kind !== "result") return undefined;
  const meta = answer.value["_meta"];
  return isObject(meta) && Object.hasOwn(meta, indexesMember) ? meta[indexesMember] : undefined;
}

interface Report {
  readonly ageSeconds: number;
  readonly stale: boolean;
}

function readReport(report: Json | undefined): Report | null {
  if (!isObject(report)) return null;
  const { ageSeconds, stale } = report;
  if (typeof ageSeconds !== "number" || !(ageSeconds >= 0 && ageSeconds <= mostSeconds))
    return null;
  return typeof stale === "boolean" ? { ageSeconds, stale } : null;
}

class HeardUpstream implements Upstream {
  readonly #upstream: Upstream;
  readonly #hear: (answer: UpstreamAnswer) => void;

  constructor(upstream: Upstream, hear: (answer: UpstreamAnswer) => void) {
    this.#upstream = upstream;
    this.#hear = hear;
  }

  get facts(): Upstream["facts"] {
    return this.#upstream.facts;
  }

  get sandbox(): Upstream["sandbox"] {
    return this.#upstream.sandbox;
  }

  get outstanding(): number {
    return this.#upstream.outstanding;
  }

  async send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const answer = await this.#upstream.send(request);
    this.#hear(answer);
    return answer;
  }

  watch(uris: readonly string[]): Promise<void> {
    return this.#upstream.watch(uris);
  }

  close(): Promise<void> {
    return this.#upstream.close();
  }
}
