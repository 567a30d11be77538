import type { Json } from "../lib/strict-json.ts";
import { readPointer } from "../lib/json-pointer.ts";
import { nothing } from "../model/budget.ts";
import { maxCallsPerTurn, type PlannedCall, type RunEvent } from "../model/run-event.ts";
import type { RunBlob } from "../ports/run-rows.ts";
import { asAnswered, asResult, type Answered, type Result } from "./content-kinds.ts";
import { isDone, listEffects } from "./effects.ts";
import { toEffect } from "./offered-tools.ts";
import { toCancelOrders } from "./tell-children.ts";
import { listUnfinished, type CallView, type RunView } from "./view.ts";
import type { Work } from "./worker.ts";

/** What takes back the effects of the run, as its bundle declares: the last one first. */
export async function planCompensations(
  work: Work,
): Promise<{ readonly calls: readonly PlannedCall[]; readonly response: RunBlob }> {
  const { built, journal, contents, options } = work;
  const { compensations } = built.bundle;
  const done = listEffects(journal.view)
    .filter((call) => isDone(call) && Object.hasOwn(compensations, call.tool))
    .toReversed()
    .slice(0, maxCallsPerTurn);
  const made = await Promise.all(done.map((call) => toArgs(work, call)));
  const planned = done.map(async (call, index): Promise<PlannedCall> => {
    const { tool } = compensations[call.tool]!;
    const { effect } = toEffect(tool, built.bundle, options.catalog());
    const args = await contents.hashArgs(made[index]!);
    // Whether it may be called at all is for the gate to say.
    return { tool, args, effect: effect === "refused" ? "write" : effect };
  });
  const calls = await Promise.all(planned);
  const response = await contents.make({
    text: "",
    calls: calls.map(({ tool }, index) => ({ name: tool, args: made[index]! })),
  } satisfies Answered);
  return { calls, response };
}

/**
 * What had not come to its end when taking back begins: it is not made any more. Of what was sent
 * nobody knows, and that is said.
 */
export async function dropUnfinished(work: Work, view: RunView, by: string) {
  const atMs = work.options.clock.nowMs();
  const text = "It is not made any more: what had been done is taken back.";
  const result = await work.contents.make({ text, isError: true, raw: null } satisfies Result);
  const events = listUnfinished(view).map(({ step, ordinal, state, entry }): RunEvent => {
    const base = { v: 1, atMs, step, ordinal, result: result.id } as const;
    if (state.kind === "child") {
      const { run } = state;
      return { ...base, type: "child.ended", run, outcome: "cancelled", inbox: null };
    }
    const outcome = entry === null ? "denied" : "unknown";
    return { ...base, type: "call.ended", entry, outcome, cost: nothing };
  });
  const blobs = events.length === 0 ? [] : [result];
  return { events, blobs, letters: toCancelOrders(work, by, []) };
}

/** Taken from what the call was made with, and what it gave. */
async function toArgs({ built, journal, contents }: Work, call: CallView): Promise<string> {
  const { context } = journal.view;
  const asked = context.find(({ kind, step }) => kind === "response" && step === call.step)!;
  const result = call.state.kind === "ended" ? call.state.result : asked.digest;
  const [answered, ended] = await contents.read([asked.digest, result]);
  const { raw } = asResult(ended!);
  const given: Json = {
    args: JSON.parse(asAnswered(answered!).calls[call.ordinal]!.args) as Json,
    result: raw === null ? null : (JSON.parse(raw) as Json),
  };
  const { args } = built.bundle.compensations[call.tool]!;
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(args).map(([name, pointer]) => [name, readPointer(given, pointer) ?? null]),
    ),
  );
}
