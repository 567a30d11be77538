import { runStates, toSubjectKey, type RunId } from "../../model/index.ts";
import type { RunState } from "../../model/run-states.ts";
import type { RunRow } from "../../ports/run-rows.ts";
import { parseRunId, reachesAll } from "../run-rights.ts";
import { principalOf } from "../tenant-of.ts";
import { findTaskOrNull, showTask } from "./find-task.ts";
import { lookAtTask, orGone } from "./look.ts";
import type { A2aOptions, Calling } from "./options.ts";
import { refuseParams } from "./refusals.ts";
import type { Wanted } from "./requests.ts";
import { fromRunState, type Task, type TaskLook, type TaskState } from "./task.ts";

/** Each task of a page is read whole, so a page is smaller than what may be asked for. */
const mostTasks = 25;
/** Of all tasks of a page but the last, as JSON: texts of one may be as long as a message. */
const mostCharacters = 4_194_304;
/** Rows that one page looks through, and that are counted. */
const mostRows = 200;
const mostCounted = 1_000;

interface Listing {
  readonly options: A2aOptions;
  readonly calling: Calling;
  readonly wanted: Wanted<"ListTasks">;
  /** Fires when the client is gone. */
  readonly signal: AbortSignal;
}

/** The newest first. What a page did not get to, the next one begins with. */
export async function listTasks(listing: Listing) {
  const { pageSize, contextId, pageToken } = listing.wanted;
  const limit = Math.min(pageSize ?? mostTasks, mostTasks);
  if (contextId !== undefined && contextId !== null && contextId !== "")
    return listContext(listing, contextId, limit);
  const before =
    pageToken === undefined || pageToken === null || pageToken === "" ? null : pageToken;
  const rows = await listRows(listing, before, mostRows);
  const tasks: Task[] = [];
  let left = mostCharacters;
  let last: RunId | null = null;
  for (const row of rows) {
    if (tasks.length === limit || left <= 0) break;
    listing.signal.throwIfAborted();
    last = row.run;
    const task = await showRow(listing, row);
    if (task === null) continue;
    tasks.push(task);
    left -= JSON.stringify(task).length;
  }
  const isAll = rows.length < mostRows && last === (rows.at(-1)?.run ?? null);
  return {
    tasks,
    nextPageToken: isAll || last === null ? "" : last,
    pageSize: limit,
    totalSize: await countTasks(listing),
  };
}

/** Of a task that is a context of its own, there is one at most. */
async function listContext({ options, calling, wanted }: Listing, id: string, pageSize: number) {
  const none = { tasks: [] as Task[], nextPageToken: "", pageSize, totalSize: 0 };
  const { tenant } = principalOf(calling.holder);
  const report = await findTaskOrNull(options, calling, { id, reach: "read" });
  if (report === null) return none;
  const look = await lookAtTask(options, tenant, report);
  if (!isWanted(look, wanted)) return none;
  return { ...none, tasks: [await show(options, { ...look, tenant }, wanted)], totalSize: 1 };
}

async function listRows(
  { options, calling: { agent, holder }, wanted }: Listing,
  before: string | null,
  limit: number,
): Promise<readonly RunRow[]> {
  const principal = principalOf(holder);
  return options.runs.list(principal.tenant, {
    agent,
    limit,
    ...(reachesAll(holder, "read") ? {} : { subject: toSubjectKey(principal) }),
    ...(before === null ? {} : { before: parseToken(before) }),
    ...toOnlyState(wanted),
  });
}

function parseToken(token: string): RunId {
  try {
    return parseRunId(token);
  } catch {
    throw refuseParams("pageToken", "is none that was given out");
  }
}

/** Where one state of runs is all that a state of tasks stands for. */
function toOnlyState({ status }: Wanted<"ListTasks">): { readonly state?: RunState } {
  const states = listStates(status);
  return states?.length === 1 ? { state: states[0]! } : {};
}

function listStates(status: Wanted<"ListTasks">["status"]): readonly RunState[] | null {
  if (status === undefined || status === null || status === "TASK_STATE_UNSPECIFIED") return null;
  const all = Object.keys(runStates.moves) as RunState[];
  return all.filter((state) => (fromRunState[state] as readonly TaskState[]).includes(status));
}

function mayBeWanted({ about, state }: RunRow, { status }: Wanted<"ListTasks">): boolean {
  return about?.parent === null && (listStates(status)?.includes(state) ?? true);
}

/** Null, too, where it was removed since it was listed. */
async function showRow(listing: Listing, row: RunRow): Promise<Task | null> {
  return mayBeWanted(row, listing.wanted) ? orGone(showRun(listing, row.run)) : null;
}

async function showRun({ options, calling, wanted }: Listing, run: RunId): Promise<Task | null> {
  const { tenant } = principalOf(calling.holder);
  const look = await lookAtTask(options, tenant, await options.runs.read(tenant, run));
  return isWanted(look, wanted) ? show(options, { ...look, tenant }, wanted) : null;
}

function isWanted(look: TaskLook, { status, statusTimestampAfter }: Wanted<"ListTasks">): boolean {
  const isIn = listStates(status) === null || look.state === status;
  return isIn && look.atMs >= Date.parse(statusTimestampAfter ?? "1970-01-01T00:00:00Z");
}

function show(
  options: A2aOptions,
  look: Parameters<typeof showTask>[1],
  { historyLength, includeArtifacts }: Wanted<"ListTasks">,
): Promise<Task> {
  const hasArtifacts = includeArtifacts === true;
  return showTask(options, look, { historyLength: historyLength ?? 0, hasArtifacts });
}

/** As the list has them; what waits is counted with each state that it may be in. */
async function countTasks(listing: Listing): Promise<number> {
  const rows = await listRows(listing, null, mostCounted);
  return rows.filter((row) => mayBeWanted(row, listing.wanted)).length;
}
