import { z } from "zod";
import { closest } from "../lib/closest.ts";
import { frozenSchema, type Frozen } from "../model/freeze.ts";
import { toExposedName, type TenantId } from "../model/index.ts";
import { everyTenant } from "../authority/freezes.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { Registry } from "../ports/registry.ts";
import type { FreezeRows, StoredFreeze } from "../ports/freeze-rows.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Answers, Asked } from "./contract.ts";
import { parseBody, parseMembers } from "./parse-body.ts";
import type { routes } from "./routes.ts";
import { tenantOf } from "./tenant-of.ts";

export interface FreezeAnswersOptions {
  readonly freezes: FreezeRows;
  readonly registry: () => Registry;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** What waits for a person, or was agreed to, is void: it would be asked for under other circumstances. */
  readonly voidApprovals: (frozen: Frozen, tenant: TenantId | null) => Promise<void>;
  /** In force here when it resolves, and told to the other replicas. */
  readonly onFreeze: () => Promise<void>;
}

type FreezeRoutes = Pick<typeof routes, "listFreezes" | "freeze" | "unfreeze">;

const shown = 200;
/** Whoever stops everything stops every tenant's. */
const installation = everyTenant as TenantId;
const freezing = z.object({ reason: z.string().min(1).max(1_000) }).loose();

export function createFreezeAnswers(options: FreezeAnswersOptions): Answers<FreezeRoutes> {
  const { freezes, clock, telemetry, onFreeze } = options;
  return {
    listFreezes: async ({ holder }) => {
      const lists = [tenantOf(holder), installation].map((tenant) => freezes.list(tenant, shown));
      const rows = (await Promise.all(lists))
        .flat()
        .toSorted((one, other) => other.atMs - one.atMs);
      return { status: 200, body: { freezes: rows.slice(0, shown).map(toShown) } };
    },
    freeze: async ({ body, holder }) => {
      const { reason, ...rest } = parseBody(freezing, body);
      const frozen = parseMembers(frozenSchema, rest);
      const by = holder?.id ?? "unknown";
      const row = { ...frozen, tenant: toTenant(frozen, holder), reason, by, atMs: clock.nowMs() };
      const changed = await freezes.put(row);
      await onFreeze();
      await options.voidApprovals(frozen, frozen.kind === "all" ? null : row.tenant);
      if (changed) telemetry.log("warn", "frozen", { ...frozen, reason, by });
      return { status: 200, body: { ...frozen, changed, ...look(options, frozen) } };
    },
    unfreeze: async ({ body, holder }) => {
      const frozen = parseBody(frozenSchema, body);
      const by = holder?.id ?? "unknown";
      const lift = { ...frozen, tenant: toTenant(frozen, holder), by, atMs: clock.nowMs() };
      const changed = await freezes.lift(lift);
      await onFreeze();
      if (changed) telemetry.log("warn", "a freeze was lifted", { ...frozen, by });
      return { status: 200, body: { ...frozen, changed, ...look(options, frozen) } };
    },
  };
}

/** A slip in an emergency must be seen: the freeze holds for the name as it was given, and no other. */
function look({ registry }: FreezeAnswersOptions, { kind, name }: Frozen) {
  if (kind !== "server" && kind !== "tool") return { known: true, meant: null };
  const names = kind === "server" ? serversOf(registry().catalog()) : toolsOf(registry().catalog());
  const known = names.includes(name);
  return { known, meant: known ? null : closest(name, names) };
}

function serversOf({ servers }: Catalog): readonly string[] {
  return [...servers.keys()];
}

function toolsOf({ toolsets }: Catalog): readonly string[] {
  const tools = [...toolsets.values()].flatMap((toolset) => [...toolset.tools.values()]);
  return [...new Set(tools.map(({ server, name }) => toExposedName(server, name)))];
}

function toTenant({ kind }: Frozen, holder: Asked<FreezeRoutes["freeze"]>["holder"]): TenantId {
  return kind === "all" ? installation : tenantOf(holder);
}

function toShown({ kind, name, reason, by, atMs, lifted }: StoredFreeze) {
  const at = new Date(atMs).toISOString();
  const lift = lifted === null ? null : { by: lifted.by, at: new Date(lifted.atMs).toISOString() };
  return { kind, name, reason, by, at, lifted: lift };
}
