import type { BreakerState, TenantId } from "../model/index.ts";
import type { ApprovalRows } from "../ports/approval-rows.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { MetricOf } from "../ports/metrics.ts";
import type { Drift } from "../ports/registry.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Wake } from "../ports/wake.ts";

export interface StandingOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly tenant: TenantId;
  readonly wake: Pick<Wake, "depth">;
  readonly approvals: Pick<ApprovalRows, "list">;
  /** Of the revision that serves. */
  readonly live: () => {
    readonly catalog: Catalog;
    readonly drifts: readonly Drift[];
    readonly breakers: ReadonlyMap<string, BreakerState>;
    readonly backends: readonly { readonly name: string; readonly breaker: BreakerState }[];
  };
}

/** Whoever scrapes waits no longer for Postgres; the gauges are as they were then. */
const patienceMs = 2_000;
/** So often Postgres is asked, however many scrape. */
const everyMs = 5_000;
const mostPending = 100;

/** How things stand is looked up when somebody wants to know it: servers, models, and what waits. */
export function createStanding(options: StandingOptions): { tell(): Promise<void> } {
  const { clock, telemetry } = options;
  const servers = createNamed(telemetry);
  let reading: Promise<void> | null = null;
  let readAtMs = Number.NEGATIVE_INFINITY;

  async function read(): Promise<void> {
    try {
      await Promise.all([tellWakes(options), tellApprovals(options)]);
    } catch (fault) {
      telemetry.count("standing_faults");
      telemetry.log("warn", "what waits could not be counted", { fault });
    }
  }

  return {
    async tell() {
      tellLive(options, servers);
      if (reading === null && clock.monotonicMs() - readAtMs < everyMs) return;
      reading ??= read().finally(() => {
        reading = null;
        readAtMs = clock.monotonicMs();
      });
      const done = new AbortController();
      const late = clock.sleep(patienceMs, done.signal).catch(() => undefined);
      await Promise.race([reading, late]);
      done.abort();
    },
  };
}

type Named = ReturnType<typeof createNamed>;
type NamedGauge = Extract<MetricOf<"gauge">, `server_${string}` | "model_breaker_open">;

/** A gauge of something that a new revision does not have any more is set to 0, once. */
function createNamed(telemetry: Telemetry) {
  const told = new Map<NamedGauge, Set<string>>();
  return (gauge: NamedGauge, label: "server" | "backend", values: ReadonlyMap<string, number>) => {
    const set = (name: string, value: number): void =>
      telemetry.gauge(gauge, value, { [label]: name });
    const before = told.get(gauge) ?? new Set();
    for (const name of before) if (!values.has(name)) set(name, 0);
    for (const [name, value] of values) set(name, value);
    told.set(gauge, new Set(values.keys()));
  };
}

function tellLive({ live }: StandingOptions, tell: Named): void {
  const { catalog, drifts, breakers, backends } = live();
  const names = [...catalog.servers.keys()];
  const each = (value: (name: string) => number): ReadonlyMap<string, number> =>
    new Map(names.map((name) => [name, value(name)]));
  const blocked = listBlocked(catalog);
  const isOpen = (state: BreakerState | undefined): number =>
    state === undefined || state === "closed" ? 0 : 1;
  tell(
    "server_down",
    "server",
    each((name) => (catalog.servers.get(name)!.state.kind === "ready" ? 0 : 1)),
  );
  tell(
    "server_drifts",
    "server",
    each((name) => drifts.filter(({ server }) => server === name).length),
  );
  tell(
    "server_blocked_tools",
    "server",
    each((name) => blocked.filter((server) => server === name).length),
  );
  tell(
    "server_breaker_open",
    "server",
    each((name) => isOpen(breakers.get(name))),
  );
  tell(
    "model_breaker_open",
    "backend",
    new Map(backends.map(({ name, breaker }) => [name, isOpen(breaker)])),
  );
}

/** The servers of tools that are blocked, one for each; a tool may stand in many toolsets. */
function listBlocked({ toolsets }: Catalog): readonly string[] {
  const tools = [...toolsets.values()].flatMap((toolset) => [...toolset.tools.values()]);
  const blocked = tools.filter((tool) => tool.blocked !== null);
  return [
    ...new Map(blocked.map((tool) => [`${tool.server}\n${tool.name}`, tool.server])).values(),
  ];
}

async function tellWakes({ wake, telemetry }: StandingOptions): Promise<void> {
  const { queued, active, parked, oldestAgeMs } = await wake.depth();
  telemetry.gauge("wakes_queued", queued, { state: "queued" });
  telemetry.gauge("wakes_queued", active, { state: "active" });
  telemetry.gauge("wakes_queued", parked, { state: "parked" });
  telemetry.gauge("wakes_oldest_seconds", oldestAgeMs / 1_000);
}

async function tellApprovals(options: StandingOptions): Promise<void> {
  const { approvals, tenant, telemetry, clock } = options;
  const rows = await approvals.list(tenant, { state: "pending", limit: mostPending });
  const nowMs = clock.nowMs();
  const open = rows.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  const ages = open.map(({ createdAtMs }) => Math.max(0, nowMs - createdAtMs));
  telemetry.gauge("approvals_pending", open.length);
  telemetry.gauge("approvals_oldest_seconds", Math.max(0, ...ages) / 1_000);
}
