import { usualContext } from "../model/agent-context.ts";
import { nothing } from "../model/budget.ts";
import { Fault } from "../model/index.ts";
import type { PlannedCall, RunEvent } from "../model/run-event.ts";
import { estimateTokens } from "../model/skill-text.ts";
import type { RefusedCall } from "../ports/model-backend.ts";
import { askHeld, noteFailure, type HeldAnswer, type ModelAnswer } from "./ask-held.ts";
import { assemble, type Assembled } from "./assemble.ts";
import { compact } from "./compact.ts";
import type { Answered, Result } from "./content-kinds.ts";
import { fail } from "./finish.ts";
import { makeLedger } from "./make-ledger.ts";
import { toEffect } from "./offered-tools.ts";
import { planContext, toRoom, type Room } from "./plan-context.ts";
import { readSources } from "./read-sources.ts";
import type { Work } from "./worker.ts";

/**
 * One turn of the model: held for, asked, noted with what it wants done. Where its context has grown too
 * long, what is old is summarised instead, and the loop comes back.
 */
export async function askModel(work: Work): Promise<void> {
  await readSources(work);
  if (work.cut.aborted) return;
  const assembled = await assemble(work);
  const { bundle } = work.built;
  const { maxTokens } = bundle.model;
  const context = bundle.context ?? usualContext;
  const room = toRoom(context, { maxTokens, factor: work.journal.view.measured.factor });
  if (assembled.tokens <= room.from) return askTurn(work, assembled);
  const ledger = await makeLedger(work, room.done);
  const plan = planContext({
    assembled,
    room,
    keepTurns: context.compaction.keepTurns,
    ledger: estimateTokens(ledger.text),
  });
  switch (plan.kind) {
    case "ask":
      return askTurn(work, assembled);
    case "shorten":
      return askTurn(work, await assemble(work, plan.most));
    case "compact":
      return compact(work, { assembled, ledger, room, upTo: plan.upTo });
    case "full":
      return fail(work, "context_full", toFullWords(plan.least, room));
  }
}

function toFullWords(least: number, { tokens: room }: Room): string {
  if (room === 0) return "An answer may be as long as the window: nothing is left for a context.";
  return `Instructions, tools, sources, what people said and what is open take about ${least} tokens at least, and the window leaves ${room} beside an answer.`;
}

async function askTurn(work: Work, { request, snapshot, digest }: Assembled): Promise<void> {
  const { alias } = work.built.bundle.model;
  const asked = { context: digest, snapshot };
  const held = await askHeld(work, { alias, request, asked });
  if (held === null) return;
  const { answer, ...rest } = held;
  if (answer instanceof Fault) await noteFailure(work, { answer, ...rest });
  else await noteAnswer(work, { answer, ...rest });
}

async function noteAnswer(
  work: Work,
  { answer, step, cost }: HeldAnswer<ModelAnswer>,
): Promise<void> {
  const { contents, journal, options, built } = work;
  const { stop, usage, backend, prices, text } = answer;
  const atMs = options.clock.nowMs();
  const catalog = options.catalog();
  const planned = await Promise.all(
    answer.calls.map(async (call): Promise<PlannedCall & { readonly why: string | null }> => {
      const tool = toName(call.name ?? "");
      const { effect, why } =
        "kind" in call
          ? { effect: "refused" as const, why: `It is not carried out: ${flaws[call.reason]}.` }
          : toEffect(tool, built.bundle, catalog);
      const args = await contents.hashArgs("kind" in call ? call.text : call.args);
      return { tool, args, effect, why };
    }),
  );
  const said = await contents.make({
    text,
    calls: answer.calls.map((call) => ({
      name: toName(call.name ?? ""),
      args: "kind" in call ? "{}" : call.args,
    })),
  } satisfies Answered);
  const refused = await Promise.all(
    planned.flatMap(({ why }, ordinal) =>
      why === null ? [] : [refuse(work, { step, ordinal, why, atMs })],
    ),
  );
  const calls = planned.map(({ tool, args, effect }): PlannedCall => ({ tool, args, effect }));
  const responded: RunEvent = {
    v: 1,
    type: "model.responded",
    atMs,
    step,
    backend,
    response: said.id,
    stop,
    calls,
    usage,
    prices,
    cost,
  };
  await journal.note({
    events: [responded, ...refused.map(({ event }) => event)],
    blobs: [said, ...refused.map(({ blob }) => blob)],
  });
}

/** Names are shown and kept: one that a model made up is kept in bounds. */
function toName(name: string): string {
  return name === "" ? "(none)" : name.slice(0, 256).toWellFormed();
}

const flaws: Readonly<Record<RefusedCall["reason"], string>> = {
  not_json: "its arguments are not JSON",
  not_object: "its arguments are not an object",
  too_large: "its arguments are too large",
  duplicate_id: "two calls have the same id",
  unnamed: "it names no tool",
  mixed: "it is mixed up with another call",
};

interface Refusing {
  readonly step: number;
  readonly ordinal: number;
  readonly why: string;
  readonly atMs: number;
}

async function refuse({ contents }: Work, { step, ordinal, why, atMs }: Refusing) {
  const blob = await contents.make({ text: why, isError: true, raw: null } satisfies Result);
  const event: RunEvent = {
    v: 1,
    type: "call.ended",
    atMs,
    step,
    ordinal,
    entry: null,
    outcome: "tool_error",
    result: blob.id,
    cost: nothing,
  };
  return { blob, event };
}
