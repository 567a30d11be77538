import type { Json } from "../lib/strict-json.ts";
import { toOwnAnswer } from "../mcp/own-upstream.ts";
import { isObject } from "../mcp/read-message.ts";
import { Fault, runIdSchema, type ApprovalId, type RunId, type TenantId } from "../model/index.ts";
import type { RunDesk } from "../ports/run-desk.ts";
import type { UpstreamAnswer } from "../ports/upstream.ts";
import { lookAtRun, type Looked } from "./follow-run.ts";

type Answer = Extract<UpstreamAnswer, { kind: "result" }>;

function toToolAnswer(text: string, isError: boolean, structuredContent?: Json): Answer {
  const content = [{ type: "text", text }];
  return toOwnAnswer({
    content,
    ...(structuredContent === undefined ? {} : { structuredContent }),
    ...(isError ? { isError } : {}),
  });
}

/** No run was started. */
export function toRefusal(why: string): Answer {
  return toToolAnswer(why, true);
}

/** For a run, which waits by itself. */
export function toStarted(agent: string, run: RunId): Answer {
  return toToolAnswer(`The agent ${agent} has begun, as run ${run}.`, false, {
    run,
    state: "queued",
  });
}

interface Rendering {
  readonly urlOf: (approval: ApprovalId) => string;
}

/** For whoever waited: what came of it, or how far it is and where to hear more. */
export function toAgentAnswer(
  { urlOf }: Rendering,
  looked: Looked,
  { wasCancelled }: { readonly wasCancelled: boolean },
): Answer {
  const { report, approvals } = looked;
  const { run, state, output } = report;
  const waits = approvals.map((approval) => ({ approval, url: urlOf(approval) }));
  const structured = {
    run,
    state,
    ...(output === null ? {} : { output }),
    ...(waits.length === 0 ? {} : { waits }),
  };
  const said = toWords(
    looked,
    waits.map(({ url }) => url),
  );
  const cancelled = "The call was cancelled, which does not cancel the run.";
  const text = wasCancelled && !isOver(state) ? `${cancelled} ${said}` : said;
  return { ...toToolAnswer(text, isOver(state) && state !== "completed", structured), run };
}

function isOver(state: string): boolean {
  return over.has(state);
}

/** Nothing happens in them any more, unless somebody does something. */
const over: ReadonlySet<string> = new Set([
  "completed",
  "failed",
  "cancelled",
  "partial",
  "stopped",
  "parked",
]);
/** Of these nothing else can become. */
const final: ReadonlySet<unknown> = new Set(["completed", "failed", "cancelled"]);

function toWords({ report, isGoing }: Looked, urls: readonly string[]): string {
  const { run, agent, state, output, reason, steps } = report;
  if (state === "completed") return output ?? "";
  const more = `\`countersign runs show ${run}\` tells more, and so does the same call with the same key.`;
  if (isOver(state)) {
    const why = reason === null ? "." : `: ${reason.detail}`;
    const words = `The run ${run} of the agent ${agent} is ${state}${why}`;
    return [words, ...(output === null ? [] : [output]), ...(final.has(state) ? [] : [more])].join(
      "\n",
    );
  }
  const far = `The run ${run} of the agent ${agent} has not ended: it is ${state}, after ${steps} steps.`;
  if (urls.length > 0 && !isGoing)
    return [`${far} A person has to decide:`, ...urls, more].join("\n");
  const how = isGoing ? "It goes on without this call." : "It does not go on by itself.";
  return `${far} ${how} ${more}`;
}

/** The run that an answer of ours is about; null: it is about none. */
export function toRunOfAnswer(kept: string): RunId | null {
  const run = runIdSchema.safeParse(toSaid(kept)["run"]);
  return run.success ? run.data : null;
}

/**
 * What a call with the same key is told: as it was, where that was the end, and else how the run stands
 * by now. Null: as it was.
 */
export async function toFreshAnswer(
  { desk, urlOf }: Rendering & { readonly desk: () => RunDesk },
  tenant: TenantId,
  kept: string,
): Promise<Answer | null> {
  const run = toRunOfAnswer(kept);
  if (run === null || final.has(toSaid(kept)["state"])) return null;
  try {
    const looked = await lookAtRun(desk(), { tenant, run });
    return toAgentAnswer({ urlOf }, looked, { wasCancelled: false });
  } catch (error) {
    // Keys are kept for longer than some runs.
    if (error instanceof Fault && error.code === "not_found") return null;
    throw error;
  }
}

function toSaid(kept: string): Readonly<Record<string, unknown>> {
  const result: unknown = JSON.parse(kept);
  const said = isObject(result) ? result["structuredContent"] : undefined;
  return isObject(said) ? said : {};
}
