import type { KeyHolder, Role } from "../authority/keyring.ts";
import { Fault, runIdSchema, type RunId } from "../model/index.ts";
import type { RunDesk, RunReport } from "../ports/run-desk.ts";
import { principalOf, tenantOf } from "./tenant-of.ts";

/** Roles that reach the runs of others, too. */
const seeing = ["admin", "viewer", "operator", "auditor"] as const;
const reading = ["admin", "operator", "auditor"] as const;
const telling = ["admin", "operator"] as const;
export type Reach = "see" | "read" | "tell" | "own";
const reaching: Readonly<Record<Reach, readonly Role[]>> = {
  see: seeing,
  read: reading,
  tell: telling,
  own: [],
};

export function reachesAll(holder: KeyHolder | null, reach: Reach): boolean {
  return holder?.access.some((role) => reaching[reach].includes(role)) === true;
}

/** Of a run of the holder's tenant: no other is ever read for it. */
export function isOwn(holder: KeyHolder | null, { starter }: Pick<RunReport, "starter">): boolean {
  const { kind, subject } = principalOf(holder);
  return starter.kind === kind && starter.subject === subject;
}

/**
 * The run, if it is the holder's own or its role reaches those of others. One that it may not even see
 * is as one that is not there.
 */
export async function readRun(
  runs: Pick<RunDesk, "read">,
  {
    id,
    holder,
    reach,
  }: { readonly id: string; readonly holder: KeyHolder | null; readonly reach: Reach },
): Promise<RunReport> {
  const report = await runs.read(tenantOf(holder), parseRunId(id));
  if (isOwn(holder, report) || reachesAll(holder, reach)) return report;
  if (!reachesAll(holder, "see")) throw noRun(id);
  throw new Fault("forbidden", toRefusal(reach));
}

function toRefusal(reach: Reach): string {
  if (reach === "read")
    return "Texts of somebody else's run take the role admin, operator or auditor.";
  if (reach === "tell") return "Somebody else's run takes the role admin or operator.";
  return "A run is forked by whoever started it, and by nobody else.";
}

export function parseRunId(text: string): RunId {
  const id = runIdSchema.safeParse(text);
  if (id.success) return id.data;
  throw noRun(text);
}

function noRun(text: string): Fault {
  return new Fault("not_found", `There is no run ${text.slice(0, 64)}.`);
}
