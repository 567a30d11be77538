import type { Migration } from "./migration.ts";
import { callsAndApprovals, passkeys, deliveries } from "./migrations-approvals.ts";
import { secrets, labelsAndFreezes, budgets } from "./migrations-authority.ts";
import { costs } from "./migrations-costs.ts";
import { ground, letters } from "./migrations-ground.ts";
import { log } from "./migrations-ledger.ts";
import { memory } from "./migrations-memory.ts";
import { callRuns, runs, runSubjects } from "./migrations-runs.ts";
import { touches } from "./migrations-touches.ts";
import { traces } from "./migrations-traces.ts";
import { workspaces } from "./migrations-workspaces.ts";

/**
 * The schema as an ordered list of steps. A step that was released is never edited: its checksum
 * is recorded where it was applied, and a difference is refused. Change means a new step.
 *
 * Runs, events and entries are partitioned by the month in their UUIDv7, so that years can be
 * dropped whole; other tables are small. A run and its events share their month, which is what
 * lets `dropEndedPartitions` look at the runs alone.
 * Bytes that a digest was taken over are bytea: jsonb would re-order and re-write them.
 * Text is compared byte by byte (`collate "C"`), alike on every platform.
 */
export const migrations: readonly Migration[] = [
  ground,
  letters,
  secrets,
  labelsAndFreezes,
  budgets,
  callsAndApprovals,
  passkeys,
  log,
  deliveries,
  runs,
  runSubjects,
  callRuns,
  workspaces,
  memory,
  touches,
  traces,
  costs,
];
