import { z } from "zod";
import { toPlainInert } from "../../lib/inert-text.ts";
import { parseStrictJson } from "../../lib/strict-json.ts";
import { Fault, type Digest, type RunId, type TenantId } from "../../model/index.ts";
import type { RunReport, RunWait } from "../../ports/run-desk.ts";
import type { A2aOptions } from "./options.ts";
import { toMessage, type Message, type TaskLook, type TaskState } from "./task.ts";

type Parts = Pick<A2aOptions, "runs" | "desk" | "urlOf">;

/** Sub-agents that are looked at for what they wait for. */
const mostRuns = 16;

/** How the run stands now, from its log alone. */
export async function lookAtTask(
  parts: Parts,
  tenant: TenantId,
  report: RunReport,
): Promise<TaskLook> {
  const { run, head, output } = report;
  const [last] = await parts.runs.events(tenant, run, { after: head - 1, limit: 1 });
  const standing = await readStanding(parts, tenant, report);
  return {
    run,
    head,
    ...standing,
    output,
    atMs: last?.event.atMs ?? report.createdAtMs,
    waitsForRun: report.waits.some(({ kind }) => kind === "run"),
  };
}

interface Standing {
  readonly state: TaskState;
  readonly said: string | null;
}

async function readStanding(parts: Parts, tenant: TenantId, report: RunReport): Promise<Standing> {
  const why = report.reason === null ? null : toPlainInert(report.reason.detail);
  const held = (words: string): Standing => ({
    state: "TASK_STATE_AUTH_REQUIRED",
    said: `${words}${why === null ? "" : ` ${why}`}`,
  });
  switch (report.state) {
    case "queued":
      return { state: "TASK_STATE_SUBMITTED", said: null };
    case "running":
      return { state: "TASK_STATE_WORKING", said: null };
    case "waiting":
      return readWaiting(parts, tenant, report);
    case "paused":
      return held("Somebody paused it, and has to resume it.");
    case "stopped":
      return held("It was stopped, and goes on when an operator lets it.");
    case "partial":
      return held("Not all of it could be done, and a person has to look at what is open.");
    case "parked":
      return held("It is set aside until an operator looks at it.");
    case "completed":
      return { state: "TASK_STATE_COMPLETED", said: null };
    case "failed":
      return { state: "TASK_STATE_FAILED", said: why };
    case "cancelled":
      return { state: "TASK_STATE_CANCELED", said: why };
  }
}

/** A person's yes is given elsewhere, by that person: no message of a client is one. */
async function readWaiting(parts: Parts, tenant: TenantId, report: RunReport): Promise<Standing> {
  const waits = await listWaits(parts, tenant, report);
  const asked: string[] = [];
  for (const wait of waits)
    if (wait.kind === "approval") asked.push(await toQuestion(parts, tenant, wait));
  if (waits.some(({ kind }) => kind === "credential"))
    asked.push("A tool needs a consent of the person that this acts for, given in a browser.");
  if (asked.length > 0)
    return {
      state: "TASK_STATE_AUTH_REQUIRED",
      said: `${asked.join("\n")}\nA message to this task does not decide that.`,
    };
  return report.waits.some(({ kind }) => kind === "signal")
    ? { state: "TASK_STATE_INPUT_REQUIRED", said: "It waits for a message." }
    : { state: "TASK_STATE_WORKING", said: null };
}

/** What it waits for, and what the runs wait for that it waits for. */
async function listWaits({ runs }: Parts, tenant: TenantId, report: RunReport) {
  const waits: RunWait[] = [...report.waits];
  const seen = new Set<RunId>();
  for (const wait of waits) {
    if (wait.kind !== "run" || seen.has(wait.run) || seen.size >= mostRuns) continue;
    seen.add(wait.run);
    const child = await orGone(runs.read(tenant, wait.run));
    // A message to this run does not reach what another waits for.
    waits.push(...(child?.waits ?? []).filter(({ kind }) => kind !== "signal"));
  }
  return waits;
}

type ApprovalWait = Extract<RunWait, { kind: "approval" }>;

async function toQuestion(
  { desk, urlOf }: Parts,
  tenant: TenantId,
  { approval, tool, untilMs }: ApprovalWait,
): Promise<string> {
  const read = await orGone(desk.read(tenant, approval));
  const who = read?.request.approvers.map((each) => each.who).join(", ") ?? "";
  const by = who === "" ? "" : ` of ${who}`;
  const until = new Date(untilMs).toISOString();
  return `${tool} needs the approval${by}, given at ${urlOf(approval)} until ${until}.`;
}

/** Null where it is not there any more. */
export async function orGone<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return null;
    throw error;
  }
}

/** Messages are looked for in so many of a log's last events, and so many are shown. */
const lastEvents = 500;
const pageSize = 250;
const mostMessages = 50;
/** Of all of them; clients refuse an event of more than four million. */
const mostCharacters = 2_097_152;

const saidSchema = z.object({ text: z.string() });

/** The newest messages of clients, the oldest of them first: the input, and what came as signals. */
export async function readHistory(
  { runs }: Pick<Parts, "runs">,
  { tenant, run, head }: { readonly tenant: TenantId } & Pick<TaskLook, "run" | "head">,
  most: number | null,
): Promise<readonly Message[]> {
  const wanted = Math.min(most ?? mostMessages, mostMessages);
  if (wanted === 0) return [];
  const found: { readonly seq: number; readonly digest: Digest }[] = [];
  const [first] = await runs.events(tenant, run, { after: 0, limit: 1 });
  if (first?.event.type === "run.created") found.push({ seq: 1, digest: first.event.input });
  for (let after = Math.max(1, head - lastEvents); after < head;) {
    const page = await runs.events(tenant, run, { after, limit: pageSize });
    for (const { seq, event } of page)
      if (event.type === "signal.received") found.push({ seq, digest: event.payload });
    after = page.at(-1)?.seq ?? head;
  }
  const messages: Message[] = [];
  let left = mostCharacters;
  for (const { seq, digest } of found.slice(-wanted).toReversed()) {
    const text = toText(await runs.content(tenant, run, digest));
    left -= text?.length ?? 0;
    if (left < 0) break;
    if (text !== null) messages.unshift(toMessage(run, "ROLE_USER", { id: `${run}-${seq}`, text }));
  }
  return messages;
}

/** Null where the text is gone. */
function toText(content: string | null): string | null {
  const parsed = content === null ? null : parseStrictJson(content);
  return parsed?.kind === "parsed" ? (saidSchema.safeParse(parsed.value).data?.text ?? null) : null;
}

/** The first that has not come of those that the run said it waits for; a wait without a name takes any. */
export async function readSignalName(
  { runs }: Pick<Parts, "runs">,
  { tenant, run, head }: { readonly tenant: TenantId } & Pick<TaskLook, "run" | "head">,
): Promise<string> {
  const open = new Map<string, string | null>();
  for (let after = Math.max(0, head - lastEvents); after < head;) {
    const page = await runs.events(tenant, run, { after, limit: pageSize });
    for (const { event } of page) {
      if (event.type === "call.deferred" && event.for === "signal")
        open.set(`${event.step}.${event.ordinal}`, event.name);
      if (event.type === "call.ended") open.delete(`${event.step}.${event.ordinal}`);
    }
    after = page.at(-1)?.seq ?? head;
  }
  return [...open.values()][0] ?? "message";
}
