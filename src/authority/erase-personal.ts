import { Fault, type TenantId, type Verdict } from "../model/index.ts";
import { toRunLetterBytes } from "../model/run-letter.ts";
import type { Runs } from "../ports/run-rows.ts";
import type { CallRows } from "../ports/call-rows.ts";
import type { CostRows } from "../ports/cost-rows.ts";
import type { Memory } from "../ports/memory.ts";
import type { WorkspaceRows } from "../ports/workspace-rows.ts";
import type { Openings } from "../ports/openings.ts";
import type { ApprovalRow, ApprovalRows } from "../ports/approval-rows.ts";
import { openVerdicts, sealVerdicts } from "../ports/verdicts.ts";

export interface EraseOptions {
  readonly approvals: Pick<ApprovalRows, "get" | "list" | "erase" | "rewriteVerdicts">;
  readonly calls: Pick<CallRows, "erase">;
  readonly runs: Pick<Runs, "list" | "remove" | "post">;
  readonly memory: Pick<Memory, "erase">;
  readonly costs: Pick<CostRows, "erase">;
  readonly workspaces: Pick<WorkspaceRows, "erase">;
  readonly openings: Openings;
}

export interface Erased {
  readonly approvals: number;
  readonly calls: number;
  readonly verdicts: number;
  readonly memories: number;
  readonly runs: number;
  /** Files of tools that were called outside of runs; those of runs are gone with the runs. */
  readonly workspaces: number;
  /** Runs that had not ended: they are cancelled, and go when it is erased again. */
  readonly runsLeft: number;
}

const atOnce = 1_000;

/**
 * Takes away whatever could say who somebody was, what they asked for and what came of it: the rows
 * keep digests alone, which is what the ledger proves. Calls that are under way keep theirs until they
 * have ended; erasing again takes them.
 */
export async function erasePersonal(
  options: EraseOptions,
  tenant: TenantId,
  { kind, subject }: { readonly kind: "user" | "service"; readonly subject: string },
): Promise<Erased> {
  const key = `${tenant}\n${kind}\n${subject}`;
  const approvals = await inRounds(() => options.approvals.erase(tenant, key, atOnce));
  const calls = await inRounds(() => options.calls.erase(tenant, key, atOnce));
  const verdicts = await eraseVerdicts(options, tenant, [subject, `${kind}:${subject}`]);
  const workspaces = await inRounds(() => options.workspaces.erase(tenant, key, atOnce));
  const memories = await inRounds(() => options.memory.erase(tenant, key, atOnce));
  const runs = await eraseRuns(options, tenant, key);
  // What was spent stays; by whom does not. Of runs that have not ended it goes the next time: a run
  // that ended is removed before, so none writes any more of it.
  await inRounds(() => options.costs.erase(tenant, key, atOnce));
  return { approvals, calls, verdicts, workspaces, memories, ...runs };
}

/** All that a run's agent was told and said lies in the run: it goes as a whole. */
async function eraseRuns(
  { runs }: EraseOptions,
  tenant: TenantId,
  subject: string,
): Promise<Pick<Erased, "runs" | "runsLeft">> {
  const count = { runs: 0, runsLeft: 0 };
  const payload = toRunLetterBytes({ v: 1, kind: "cancel", by: "privacy erase" });
  let before = {};
  for (;;) {
    const rows = await runs.list(tenant, { subject, limit: atOnce, ...before });
    for (const { run, ended } of rows) {
      if (ended) count.runs += (await runs.remove(run)) ? 1 : 0;
      else if ((await runs.post({ run, tenant, payload })) !== "missing") count.runsLeft += 1;
    }
    if (rows.length < atOnce) return count;
    before = { before: rows.at(-1)!.run };
  }
}

async function inRounds(round: () => Promise<number>): Promise<number> {
  let erased = 0;
  for (;;) {
    const more = await round();
    erased += more;
    if (more < atOnce) return erased;
  }
}

/**
 * What this person said of others' requests: the word stays, and who said it and why does not. One row
 * that cannot be read keeps none of the others; that it is there is said at the end.
 */
async function eraseVerdicts(
  options: EraseOptions,
  tenant: TenantId,
  names: readonly string[],
): Promise<number> {
  let erased = 0;
  let unreadable: Fault | null = null;
  let after = {};
  for (;;) {
    const rows = await options.approvals.list(tenant, { limit: atOnce, ...after });
    for (const row of rows) {
      try {
        if (await eraseSaid(options, row, names)) erased += 1;
      } catch (fault) {
        if (!(fault instanceof Fault) || fault.code !== "record_unreadable") throw fault;
        unreadable = fault;
      }
    }
    if (rows.length < atOnce) break;
    after = { after: rows.at(-1)!.id };
  }
  if (unreadable !== null) throw unreadable;
  return erased;
}

/** People who are erased at the same moment; each looks again at what the others left. */
const maxTries = 20;

async function eraseSaid(
  { approvals, openings }: EraseOptions,
  listed: ApprovalRow,
  names: readonly string[],
): Promise<boolean> {
  const isTheirs = ({ approver }: Verdict) => approver !== null && names.includes(approver);
  let row: ApprovalRow | null = listed;
  for (let tries = 0; tries < maxTries; tries += 1) {
    if (row === null || row.verdicts === null || row.state === "pending") return false;
    const verdicts = await openVerdicts(openings, row);
    if (!verdicts.some(isTheirs)) return false;
    const without = verdicts.map((verdict) =>
      isTheirs(verdict) ? { ...verdict, ...nobody } : verdict,
    );
    const change = { seen: row.verdicts, verdicts: await sealVerdicts(openings, row, without) };
    if (await approvals.rewriteVerdicts(row, change)) return true;
    row = await approvals.get(row.tenant, row.id);
  }
  throw new Fault("overloaded", `Too many people are erased from approval ${listed.id} at once.`);
}

const nobody = { approver: null, credential: null, reason: null, salt: null };
