import { nothing } from "../model/budget.ts";
import { isObject } from "../mcp/read-message.ts";
import { runIdSchema, type EntryId, type RunId } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import type { RunMoment, RunOfCall } from "../ports/gate.ts";
import type { CommitOutcome, CommitUnit } from "../ports/store.ts";
import type { Noting } from "./journal.ts";
import { costOf } from "./call-cost.ts";
import { toResult } from "./to-result.ts";
import type { CallEnd, CallView } from "./view.ts";
import type { Work } from "./worker.ts";

interface Ending {
  readonly outcome: CallEnd;
  readonly text: string;
  readonly entry?: EntryId | null;
  /** Nothing was asked of anybody. */
  readonly isFree?: boolean;
}

export async function endCall(work: Work, call: CallView, ending: Ending): Promise<void> {
  await work.journal.note(await toEnded(work, call, ending));
}

async function toEnded(work: Work, call: CallView, ending: Ending): Promise<Noting> {
  const { outcome, text, entry = null, isFree = false } = ending;
  const result = await work.contents.make(toResult(text, outcome !== "answered"));
  const { step, ordinal } = call;
  const atMs = work.options.clock.nowMs();
  const cost = isFree ? nothing : costOf(work, call);
  const event: RunEvent = {
    ...{ v: 1, type: "call.ended", atMs, step, ordinal, entry },
    ...{ outcome, result: result.id, cost },
  };
  return { events: [event], blobs: [result] };
}

type Deferring = Pick<
  Extract<RunEvent, { type: "call.deferred" }>,
  "for" | "approval" | "name" | "untilMs"
>;

export async function noteDeferred(work: Work, call: CallView, why: Deferring): Promise<void> {
  const { step, ordinal } = call;
  const atMs = work.options.clock.nowMs();
  await work.journal.note({
    events: [{ v: 1, type: "call.deferred", atMs, step, ordinal, ...why }],
  });
}

/** The gate's own records of this call become durable with the events that say the same. */
export function toRunOfCall(work: Work, call: CallView): RunOfCall {
  const { run, built } = work;
  const { step, ordinal, tool } = call;
  const bundled = built.bundle.tools.find(({ exposed }) => exposed === tool);
  return {
    run,
    step,
    ordinal,
    pin: bundled?.pin ?? null,
    rules: built.rules,
    commit: (unit, moment) => commit(work, call, { unit, moment }),
  };
}

interface Committing {
  readonly unit: CommitUnit;
  readonly moment: RunMoment;
}

async function commit(
  work: Work,
  call: CallView,
  { unit, moment }: Committing,
): Promise<CommitOutcome> {
  const { step, ordinal } = call;
  if (moment.kind === "started") {
    const { intent, entry } = moment;
    const atMs = work.options.clock.nowMs();
    const event = { v: 1, type: "call.started", atMs, step, ordinal, intent, entry } as const;
    return work.journal.commit({ events: [event], unit });
  }
  if (moment.own === "consent") {
    const atMs = work.options.clock.nowMs();
    const event = { v: 1, type: "call.deferred", atMs, step, ordinal, ...toConsent(atMs) } as const;
    return work.journal.commit({ events: [event], unit });
  }
  const child = call.effect === "agent" && moment.outcome === "answered" ? toChild(moment) : null;
  const noting =
    child === null
      ? await toEnded(work, call, { ...moment, outcome: moment.outcome })
      : await toChildStarted(work, call, child);
  return work.journal.commit({ ...noting, unit });
}

/** Whoever has to allow a credential has a page of their own; nobody tells when it is done. */
const lookAgainMs = 15_000;

export function toConsent(nowMs: number): Deferring {
  return { for: "credential", approval: null, name: null, untilMs: nowMs + lookAgainMs };
}

/** A sub-agent that was started: its call goes on until it ends. */
function toChild({ text }: Extract<RunMoment, { kind: "ended" }>): RunId | null {
  const result: unknown = JSON.parse(text);
  if (!isObject(result)) return null;
  const { structuredContent } = result;
  const said = isObject(structuredContent) ? structuredContent["run"] : undefined;
  const parsed = runIdSchema.safeParse(said);
  return parsed.success ? parsed.data : null;
}

async function toChildStarted(work: Work, call: CallView, run: RunId): Promise<Noting> {
  const { step, ordinal } = call;
  const atMs = work.options.clock.nowMs();
  return { events: [{ v: 1, type: "child.started", atMs, step, ordinal, run }] };
}
