import type { Json } from "../lib/strict-json.ts";
import { toFactKey } from "../model/fact-key.ts";
import type { RunEvent } from "../model/run-event.ts";
import type { OwnOutcomeName } from "../ports/gate.ts";
import { deriveFacts, toFactRules, type Fact } from "./fact-rules.ts";
import type { CallEnd, CallView } from "./view.ts";
import type { Work } from "./worker.ts";

type Noted = Pick<Extract<RunEvent, { type: "call.ended" }>, "facts" | "changed">;

/** An end of a call, as far as facts go. */
export interface FactEnding {
  readonly outcome: CallEnd;
  readonly text: string;
  /** Absent: the text is the server's own. */
  readonly own?: OwnOutcomeName;
}

/** What an ended call says of things, and which it has changed, or may have. */
export async function toNoted(
  work: Work,
  call: Pick<CallView, "tool" | "effect"> & { readonly checked?: Json },
  { outcome, text, own }: FactEnding,
): Promise<Noted> {
  const { checked: args } = call;
  if (args === undefined) return {};
  const rules = toFactRules(work.built.bundle, work.options.catalog(), call.tool);
  if (rules === null) return {};
  if (call.effect === "read") {
    if (outcome !== "answered" || own !== undefined || rules.facts.length === 0) return {};
    const facts = await Promise.all(
      deriveFacts(rules.facts, args, text).map((fact) => toDigested(work, fact)),
    );
    return facts.length === 0 ? {} : { facts };
  }
  if (!mayHaveChanged.has(outcome)) return {};
  const keys = rules.changes.flatMap((template) => toFactKey(template, { args }) ?? []);
  return keys.length === 0 ? {} : { changed: [...new Set(keys)] };
}

/** A tool that said no may have done half of it. */
const mayHaveChanged: ReadonlySet<CallEnd> = new Set(["answered", "tool_error", "unknown"]);

/** What was read stands in no event: its digest does. */
export async function toDigested({ contents }: Work, { key, value }: Fact) {
  return { key, value: await contents.hashFact(key, value) };
}
