import type { Bundle } from "../model/bundle.ts";
import { usualContext } from "../model/agent-context.ts";
import { Fault } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import { listSkills } from "../model/skill-listing.ts";
import { estimateTokens } from "../model/skill-text.ts";
import type { ReportedPart, RunContext } from "../ports/run-desk.ts";
import type { RunHead } from "../ports/run-rows.ts";
import { toSized, type SizedPart } from "./assemble.ts";
import { asSaid } from "./content-kinds.ts";
import { createContents } from "./contents.ts";
import type { DeskOptions } from "./desk-options.ts";
import { fold } from "./fold.ts";
import { listEvents } from "./list-events.ts";
import { toTotal } from "./measure.ts";
import { shorten } from "./shorten.ts";
import { toShown } from "./shown-parts.ts";
import type { RunView } from "./view.ts";

type Of<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

/** What a model was shown, from the log and the bundle, by the function that had put it together. */
export async function readContext(
  options: DeskOptions,
  head: RunHead,
  step: number | null,
): Promise<RunContext> {
  const { run, tenant } = head;
  const turn = await findTurn(options, head, step);
  if (turn === null) {
    const when = step === null ? "yet" : `at step ${step}`;
    throw new Fault("not_found", `Run ${run} has no snapshot of a context ${when}.`);
  }
  const { asked, snapshot, view, before, answer } = turn;
  const contents = createContents({ ...options, runs: options.store.runs }, { tenant, run });
  const built = await options.bundles().read(tenant, view.created.bundle);
  const { parts } = toShown(view);
  const texts = await contents.read(parts.map(({ digest }) => digest));
  const { mostOfResult = null } = snapshot;
  const sized = parts.map((part, index) =>
    toSized(part, shorten(part, texts[index]!, mostOfResult)),
  );
  const skills = built === null ? 0 : toSkillTokens(built.bundle);
  const { tokens, dropped, parent } = snapshot;
  return {
    run,
    step: asked.step,
    atMs: asked.atMs,
    snapshot: asked.context,
    parent,
    window: built === null ? null : (built.bundle.context ?? usualContext).window,
    tokens: {
      ...tokens,
      instructions: Math.max(0, tokens.instructions - skills),
      skills,
      total: toTotal(tokens),
    },
    counted: answer === null ? null : { backend: answer.backend, input: answer.usage.input },
    parts: toReported(sized, before),
    dropped,
    summary: toSummary(view, sized),
  };
}

interface Turn {
  readonly asked: Of<"model.asked">;
  readonly snapshot: NonNullable<Of<"model.asked">["snapshot"]>;
  /** As it was when the model was asked. */
  readonly view: RunView;
  /** The same of the snapshot that it goes back to. */
  readonly before: RunView | null;
  readonly answer: Of<"model.responded"> | null;
}

/** The last time that a model was asked at this step, or at all: what failed was asked again. */
async function findTurn(
  options: DeskOptions,
  { run, head }: RunHead,
  step: number | null,
): Promise<Turn | null> {
  let view: RunView | null = null;
  let last: Turn | null = null;
  let found: Turn | null = null;
  for await (const event of listEvents(options.store.runs, { run, after: 0, upTo: head })) {
    const turn: Turn | null = view === null ? null : toTurn(view, event, last);
    if (turn !== null) {
      if (step !== null && turn.asked.step > step) return found;
      last = turn;
      const isTurns = turn.asked.for === undefined;
      if (isTurns && (step === null || turn.asked.step === step)) found = turn;
    }
    if (event.type === "model.responded" && event.step === found?.asked.step)
      found = { ...found, answer: event };
    view = fold(view, event);
  }
  return found;
}

function toTurn(view: RunView, event: RunEvent, last: Turn | null): Turn | null {
  if (event.type !== "model.asked" || event.snapshot === undefined) return null;
  const { snapshot } = event;
  const isParent = last !== null && last.asked.context === snapshot.parent;
  return { asked: event, snapshot, view, before: isParent ? last.view : null, answer: null };
}

function toSkillTokens({ skills }: Bundle): number {
  return skills.length === 0 ? 0 : estimateTokens(listSkills(skills));
}

function toReported(sized: readonly SizedPart[], before: RunView | null): readonly ReportedPart[] {
  const had = new Set((before === null ? [] : toShown(before).parts).map(toKey));
  return sized.map(({ part, tokens }) => {
    const { kind, step, ordinal, digest } = part;
    const name = "name" in part ? (part.name ?? null) : null;
    return { kind, step, ordinal, name, digest, tokens, isNew: !had.has(toKey(part)) };
  });
}

const toKey = ({ kind, step, ordinal, digest }: SizedPart["part"]): string =>
  `${kind} ${step} ${ordinal} ${digest}`;

function toSummary({ compaction }: RunView, sized: readonly SizedPart[]): RunContext["summary"] {
  if (compaction === null) return null;
  const textOf = (kind: "summary" | "ledger"): string => {
    const content = sized.find(({ part }) => part.kind === kind)?.content;
    return content === undefined ? "" : asSaid(content).text;
  };
  return { upTo: compaction.upTo, text: textOf("summary"), ledger: textOf("ledger") };
}
