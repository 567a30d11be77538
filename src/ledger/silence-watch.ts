import { toEntryBytes, toUuidV7, type EntryId, type TenantId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogRows } from "../ports/log-rows.ts";
import type { Random } from "../ports/random.ts";
import type { ReplicaRow, ReplicaRows } from "../ports/replica-rows.ts";
import type { Telemetry } from "../ports/telemetry.ts";

export interface SilenceWatchOptions {
  readonly replicas: ReplicaRows;
  readonly log: Pick<LogRows, "listTenants">;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly owner: string;
}

const lookMs = 5_000;
/** By our own clock: those of two replicas may differ. */
const silentMs = 30_000;
const maxReplicas = 1_000;
const tenantsPerPage = 1_000;

interface Seen {
  readonly beatAtMs: number;
  readonly sinceMs: number;
}

/**
 * A replica that stopped without a word may have answered reads whose entries it took with it. Every
 * log says so, once, with the time that it is about.
 */
export function createSilenceWatch(options: SilenceWatchOptions): { look(): Promise<void> } {
  const { replicas, clock, telemetry, owner } = options;
  let seen: ReadonlyMap<string, Seen> = new Map();
  let lookedMs = Number.NEGATIVE_INFINITY;

  return {
    async look() {
      const nowMs = clock.monotonicMs();
      if (nowMs - lookedMs < lookMs) return;
      lookedMs = nowMs;
      const rows = (await replicas.list(maxReplicas)).filter(({ id }) => id !== owner);
      seen = new Map(
        rows.map(({ id, beatAtMs }) => {
          const before = seen.get(id);
          const isSilent = before?.beatAtMs === beatAtMs;
          return [id, isSilent ? before : { beatAtMs, sinceMs: nowMs }];
        }),
      );
      for (const row of rows) {
        if (nowMs - seen.get(row.id)!.sinceMs < silentMs) continue;
        if (!(await replicas.bury(row, await toGaps(options, row)))) continue;
        telemetry.log("warn", "a replica fell silent; reads of its last moment may be missing", {
          replica: row.id,
          durableTo: new Date(row.durableToMs).toISOString(),
        });
      }
    },
  };
}

async function toGaps({ log, clock, random }: SilenceWatchOptions, row: ReplicaRow) {
  const atMs = clock.nowMs();
  const toMs = Math.max(atMs, row.durableToMs);
  const gaps: { id: EntryId; tenant: TenantId; bytes: Uint8Array }[] = [];
  let after: TenantId | undefined;
  for (;;) {
    const tenants = await log.listTenants({ limit: tenantsPerPage, ...(after && { after }) });
    for (const tenant of tenants) {
      const id = toUuidV7(atMs, random.bytes(10)) as EntryId;
      const times = { atMs, fromMs: row.durableToMs, toMs };
      const leaf = { kind: "gap", v: 1, id, tenant, replica: row.id, ...times } as const;
      gaps.push({ id, tenant, bytes: toEntryBytes(leaf) });
    }
    after = tenants.at(-1);
    if (tenants.length < tenantsPerPage) return gaps;
  }
}
