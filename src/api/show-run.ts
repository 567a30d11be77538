import type { z } from "zod";
import type { Amounts, Caps } from "../model/budget.ts";
import { toMoneyText } from "../model/config-budgets.ts";
import { Fault, type ApprovalId, type TenantId } from "../model/index.ts";
import type { ReportedCall, RunReport, RunWait } from "../ports/run-desk.ts";
import type { RunRow } from "../ports/run-rows.ts";
import type { ApprovalAnswersOptions } from "./approval-answers.ts";
import type { runSchemas } from "./run-schemas.ts";

/** Of approvals: what is approved is named by its digest. */
export type ShowRunOptions = Pick<ApprovalAnswersOptions, "desk" | "urlOf">;

type Run = z.input<typeof runSchemas.Run>;

export async function toShownRun(
  options: ShowRunOptions,
  tenant: TenantId,
  report: RunReport,
): Promise<Run> {
  const { kind, subject } = report.starter;
  const { run, agent, bundle, state, head, parent, steps, maxSteps, reason, output } = report;
  const waits = report.waits.map((wait) => toShownWait(options, tenant, wait));
  return {
    id: run,
    agent,
    bundle,
    subject: `${kind}:${subject}`,
    state,
    head,
    parent,
    createdAt: toTime(report.createdAtMs),
    deadline: toTimeOrNull(report.deadlineMs),
    steps,
    maxSteps,
    budget: toShownBudget(report.budget),
    waits: await Promise.all(waits),
    reason,
    output,
    quality: toShownQuality(report.quality),
    calls: pickCalls(report.calls),
    children: [...report.children],
  };
}

function toShownQuality(quality: RunReport["quality"]): Run["quality"] {
  if (quality === null) return null;
  const { isSampled, window, ...counts } = quality;
  return { ...counts, window: window === null ? null : { ...window }, sampled: isSampled };
}

/** The log has all of them. */
const mostCalls = 1_000;
const over: ReadonlySet<ReportedCall["state"]> = new Set(["done", "failed", "denied"]);

/** Of very many, the newest and whatever has not come to its end. */
function pickCalls(calls: readonly ReportedCall[]): ReportedCall[] {
  let surplus = calls.length - mostCalls;
  return calls.filter(({ state }) => {
    const isLeftOut = surplus > 0 && over.has(state);
    if (isLeftOut) surplus -= 1;
    return !isLeftOut;
  });
}

async function toShownWait(
  { desk, urlOf }: ShowRunOptions,
  tenant: TenantId,
  wait: RunWait,
): Promise<Run["waits"][number]> {
  const none = { run: null, tool: null, approval: null, digest: null, url: null };
  if (wait.kind === "run") return { ...none, kind: "run", run: wait.run, until: null };
  if (wait.kind !== "approval")
    return { ...none, kind: wait.kind, until: toTimeOrNull(wait.untilMs) };
  const { approval, tool } = wait;
  const digest = await readDigest(desk, tenant, approval);
  return {
    ...none,
    kind: "approval",
    until: toTime(wait.untilMs),
    tool,
    approval,
    digest,
    url: urlOf(approval),
  };
}

/** Null where it is gone, as old ones are. */
async function readDigest(desk: ShowRunOptions["desk"], tenant: TenantId, id: ApprovalId) {
  try {
    return (await desk.read(tenant, id)).row.intent;
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return null;
    throw error;
  }
}

export function toShownRow({ run, state, head, about, endedAtMs, gist }: RunRow) {
  return {
    id: run,
    agent: about?.agent ?? null,
    subject: about === null ? null : toSubject(about.subject),
    state,
    head,
    parent: about?.parent ?? null,
    createdAt: about === null ? null : toTime(about.createdAtMs),
    endedAt: toTimeOrNull(endedAtMs),
    steps: gist?.steps ?? null,
    spent: gist === null ? null : { money: toMoneyText(gist.micros), tokens: gist.tokens },
    why: gist?.why ?? null,
  };
}

/** Without the tenant: that is the reader's own. */
export function toSubject(key: string): string {
  return key.split("\n").slice(1).join(":");
}

export function toShownBudget({ caps, spent, held }: RunReport["budget"]): Run["budget"] {
  return { caps: toShownCaps(caps), spent: toShownAmounts(spent), held: toShownAmounts(held) };
}

function toShownCaps({ micros, tokens, calls }: Caps) {
  return { money: micros === null ? null : toMoneyText(micros), tokens, calls };
}

function toShownAmounts({ micros, tokens, calls }: Amounts) {
  return { money: toMoneyText(micros), tokens, calls };
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}

function toTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : toTime(ms);
}
