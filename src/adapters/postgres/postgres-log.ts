import type { EntryId } from "../../model/index.ts";
import type { LogRows } from "../../ports/log-rows.ts";
import { requireId } from "../../ports/storable.ts";
import type { Store } from "../../ports/store.ts";
import { createLogDue } from "./log-due.ts";
import { createLogHeads } from "./log-heads.ts";
import { leadLog } from "./log-lead.ts";
import { locate, readLatest, readLeaves } from "./log-leaves.ts";
import { reopenLog } from "./log-reopen.ts";
import { createReadRows } from "./read-rows.ts";
import { createPostgresReplicas, type PostgresReplicasOptions } from "./postgres-replicas.ts";

export interface PostgresLedgerOptions extends PostgresReplicasOptions {
  readonly url: string;
}

/** The rows of the log, and of those who may have left gaps in it. */
export function createPostgresLedger(
  options: PostgresLedgerOptions,
): Pick<Store, "log" | "replicas"> {
  return { log: createPostgresLog(options), replicas: createPostgresReplicas(options) };
}

function createPostgresLog(options: PostgresLedgerOptions): LogRows {
  const { pool } = options.database;
  const read = createReadRows(pool);
  return {
    ...createLogDue(read),
    ...createLogHeads(read),
    reopen: (change) => reopenLog(options, change),
    async readTile({ tenant, epoch, level, index }) {
      const rows = await read<{ hashes: Buffer }>(
        "read_tile",
        `select hashes from countersign.log_tiles
         where tenant = $1 and epoch = $2 and level = $3 and index = $4`,
        [tenant, epoch, level, index],
      );
      return rows[0]?.hashes ?? null;
    },
    locate: (tenant, ids) => locate(pool, tenant, ids),
    readLeaves: (log, page) => readLeaves(pool, log, page),
    latest: (tenant, page) => readLatest(pool, tenant, page),
    async callOf(tenant, approval) {
      requireId("approval", approval);
      const rows = await read<{ id: string }>(
        "call_of_approval",
        "select id from countersign.calls where tenant = $1 and approval = $2 order by id limit 1",
        [tenant, approval],
      );
      return (rows[0]?.id ?? null) as EntryId | null;
    },
    lead: () => leadLog(options),
  };
}
