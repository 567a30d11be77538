import { Fault, toSubjectKey, type Principal, type RunId, type TenantId } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import type { RunAsking, RunDesk } from "../ports/run-desk.ts";
import type { UpstreamCaller } from "../ports/upstream.ts";

export type FoundParent =
  | {
      readonly kind: "found";
      readonly parent: NonNullable<RunAsking["parent"]>;
      readonly deadlineMs: number | null;
    }
  | { readonly kind: "refused"; readonly why: string };

type Created = Extract<RunEvent, { type: "run.created" }>;

/** Sub-agents below the run that somebody started. */
const maxDepth = 5;
/** Of one tree, its root included. Those that are started in the same moment do not count each other. */
const maxRuns = 100;

/**
 * The run that makes the call, as its worker says, not as any text of the call does: whoever only names
 * a run is a caller as any other. Null: no run, or none that the caller is.
 */
export async function findParent(
  desk: RunDesk,
  { principal, run: place }: UpstreamCaller,
): Promise<FoundParent | null> {
  if (place === null) return null;
  const { tenant } = principal;
  const created = await readCreated(desk, tenant, place.run);
  if (created === null || !isActing(created, principal)) return null;
  const { root } = created;
  if ((await countAbove(desk, tenant, created)) >= maxDepth)
    return { kind: "refused", why: `Sub-agents go ${maxDepth} deep at most. This one is deeper.` };
  const isFull = await hasMany(desk, tenant, root);
  if (isFull && !(await isThere(desk, tenant, place)))
    return { kind: "refused", why: `A run has ${maxRuns} runs at most, its sub-agents' included.` };
  const { deadlineMs } = await desk.read(tenant, place.run);
  return { kind: "found", parent: { ...place, root }, deadlineMs };
}

async function readCreated(desk: RunDesk, tenant: TenantId, run: RunId): Promise<Created | null> {
  try {
    const [first] = await desk.events(tenant, run, { after: 0, limit: 1 });
    return first?.event.type === "run.created" ? first.event : null;
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return null;
    throw error;
  }
}

function isActing({ principal: of, agent, bundle }: Created, principal: Principal): boolean {
  const { actor } = principal;
  return (
    toSubjectKey(of) === toSubjectKey(principal) &&
    actor !== null &&
    actor.agent === agent &&
    actor.bundle === bundle
  );
}

async function countAbove(desk: RunDesk, tenant: TenantId, from: Created): Promise<number> {
  let above = 0;
  let at: Created | null = from;
  while (at !== null && at.parent !== null && above < maxDepth) {
    above += 1;
    at = await readCreated(desk, tenant, at.parent.run);
  }
  return above;
}

async function hasMany(desk: RunDesk, tenant: TenantId, root: RunId): Promise<boolean> {
  const runs = [root];
  for (let at = 0; at < runs.length && runs.length < maxRuns; at += 1) {
    const limit = maxRuns - runs.length;
    const children = await desk.list(tenant, { parent: runs[at]!, limit });
    runs.push(...children.map(({ run }) => run));
  }
  return runs.length >= maxRuns;
}

/** The call was made before, and its run is one of those that there are. */
async function isThere(
  desk: RunDesk,
  tenant: TenantId,
  { run, step, ordinal }: NonNullable<UpstreamCaller["run"]>,
): Promise<boolean> {
  const children = await desk.list(tenant, { parent: run, limit: maxRuns });
  for (const child of children) {
    const created = await readCreated(desk, tenant, child.run);
    if (created?.parent?.step === step && created.parent.ordinal === ordinal) return true;
  }
  return false;
}
