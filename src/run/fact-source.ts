import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import { asAnswered, asResult } from "./content-kinds.ts";
import { deriveFacts, toFactRules } from "./fact-rules.ts";
import { findTool } from "./offered-tools.ts";
import type { FactView, Placed } from "./view.ts";
import type { Work } from "./worker.ts";

/** The call that a fact was read by: what it would take to make it again. */
export interface FactSource extends Placed {
  readonly tool: string;
  /** As the model wrote them. */
  readonly text: string;
  readonly given: Json;
  /** As the gate takes them. */
  readonly args: Json;
}

/** From the log: the model's answer that asked for it. Null: that is not in the context of the run. */
export async function readFactSource(
  work: Work,
  { step, ordinal }: Placed,
): Promise<FactSource | null> {
  const part = work.journal.view.context.find(
    (each) => each.kind === "response" && each.step === step,
  );
  if (part === undefined) return null;
  const [answered] = await work.contents.read([part.digest]);
  const call = asAnswered(answered!).calls[ordinal];
  if (call === undefined) return null;
  const { name: tool, args: text } = call;
  const parsed = parseStrictJson(text);
  if (parsed.kind === "refused") return null;
  const { value: given } = parsed;
  return { step, ordinal, tool, text, given, args: toChecked(work, tool, given) };
}

/** With the defaults filled in, so that run and gate make the same keys of them. */
export function toChecked({ built, options }: Work, tool: string, given: Json): Json {
  const verdict = findTool(built.bundle, options.catalog(), tool)?.input(given);
  return verdict?.kind === "valid" ? (verdict.filled ?? given) : given;
}

/** What a fact said; undefined: that is not kept, or rules of now read something else in its place. */
export async function readValue(
  work: Work,
  { key, result, value }: FactView & { readonly key: string },
  source: FactSource,
): Promise<Json | undefined> {
  const [content] = await work.contents.read([result]);
  const { raw } = asResult(content!);
  const rules = toFactRules(work.built.bundle, work.options.catalog(), source.tool);
  if (raw === null || rules === null) return undefined;
  const said = deriveFacts(rules.facts, source.args, raw).find((fact) => fact.key === key)?.value;
  if (said === undefined) return undefined;
  return (await work.contents.hashFact(key, said)) === value ? said : undefined;
}
