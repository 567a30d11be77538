import type { KeyHolder, Role } from "../authority/keyring.ts";
import {
  Fault,
  runIdSchema,
  toSubjectKey,
  type Principal,
  type RunId,
  type TenantId,
} from "../model/index.ts";
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

export function isOwn(holder: KeyHolder | null, subject: string | undefined): boolean {
  return subject === toSubjectKey(principalOf(holder));
}

export interface ReadRun {
  readonly report: RunReport;
  readonly starter: Principal;
}

/**
 * The run, if it is the holder's own or its role reaches those of others. One that it may not even see
 * is as one that is not there.
 */
export async function readRun(
  runs: Pick<RunDesk, "read" | "events">,
  {
    id,
    holder,
    reach,
  }: { readonly id: string; readonly holder: KeyHolder | null; readonly reach: Reach },
): Promise<ReadRun> {
  const tenant = tenantOf(holder);
  const report = await runs.read(tenant, parseRunId(id));
  const starter = await readStarter(runs, tenant, report.run);
  const found = { report, starter };
  if (isOwn(holder, toSubjectKey(starter)) || reachesAll(holder, reach)) return found;
  if (!reachesAll(holder, "see")) throw noRun(id);
  throw new Fault("forbidden", toRefusal(reach));
}

/** As its first event says it: of a user and a service that have one name it is one. */
export async function readStarter(
  runs: Pick<RunDesk, "events">,
  tenant: TenantId,
  run: RunId,
): Promise<Principal> {
  const [first] = await runs.events(tenant, run, { after: 0, limit: 1 });
  if (first?.event.type === "run.created") return first.event.principal;
  throw new Fault("record_unreadable", `Run ${run} does not begin with its making.`);
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
