import type { TenantId } from "../model/index.ts";
import type { CallRows } from "../ports/call-rows.ts";
import type { Openings } from "../ports/openings.ts";
import type { ApprovalRows } from "../ports/approval-rows.ts";
import { openVerdicts, sealVerdicts } from "../ports/verdicts.ts";

export interface EraseOptions {
  readonly approvals: ApprovalRows;
  readonly calls: CallRows;
  readonly openings: Openings;
}

export interface Erased {
  readonly approvals: number;
  readonly calls: number;
  readonly verdicts: number;
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
  return { approvals, calls, verdicts };
}

async function inRounds(round: () => Promise<number>): Promise<number> {
  let erased = 0;
  for (;;) {
    const more = await round();
    erased += more;
    if (more < atOnce) return erased;
  }
}

/** What this person said of others' requests: the word stays, and who said it and why does not. */
async function eraseVerdicts(
  { approvals, openings }: EraseOptions,
  tenant: TenantId,
  names: readonly string[],
): Promise<number> {
  let erased = 0;
  let after = {};
  for (;;) {
    const rows = await approvals.list(tenant, { limit: atOnce, ...after });
    for (const row of rows) {
      if (row.verdicts === null || row.state === "pending") continue;
      const verdicts = await openVerdicts(openings, row);
      if (!verdicts.some(({ approver }) => approver !== null && names.includes(approver))) continue;
      const none = { approver: null, credential: null, reason: null, salt: null };
      const without = verdicts.map((verdict) =>
        verdict.approver !== null && names.includes(verdict.approver)
          ? { ...verdict, ...none }
          : verdict,
      );
      const sealed = await sealVerdicts(openings, row, without);
      const change = { seen: row.verdicts, verdicts: sealed };
      if (await approvals.rewriteVerdicts(row, change)) erased += 1;
    }
    if (rows.length < atOnce) return erased;
    after = { after: rows.at(-1)!.id };
  }
}
