import type { TraceSpan } from "../../../../src/client/trace-rows.ts";
import { toCount, toMoney } from "../../words/to-amount.ts";
import { toDuration } from "../../words/to-duration.ts";
import { splitTool } from "./span-label.ts";

export interface SpanFact {
  readonly name: string;
  readonly value: string;
}

type Attribute = TraceSpan["attributes"][string];
const plain = (value: Attribute): string =>
  typeof value === "object" ? value.join(", ") : String(value);
const spaced = (value: Attribute): string => plain(value).replaceAll("_", " ");
const counted = (value: Attribute): string => toCount(Number(value));
const lasted = (value: Attribute): string => toDuration(Number(value));
/** Money is written by the page's own rule; what is no number stays as it is. */
const paid = (value: Attribute): string => toMoney(String(value));

/** In the order in which they are asked for; whatever is not here is in the list of all attributes. */
const words: readonly (readonly [
  key: string,
  name: string,
  toText: (value: Attribute) => string,
])[] = [
  ["error.type", "error", spaced],
  ["countersign.outcome", "outcome", spaced],
  ["countersign.decision", "decided", spaced],
  ["gen_ai.tool.name", "tool", (value) => splitTool(plain(value)).tool],
  ["countersign.effect", "effect", spaced],
  ["countersign.active_ms", "worked for", lasted],
  ["countersign.retry_at", "tried again at", plain],
  ["gen_ai.request.model", "model", plain],
  ["gen_ai.provider.name", "backend", plain],
  ["gen_ai.response.finish_reasons", "ended with", spaced],
  ["gen_ai.usage.input_tokens", "tokens in", counted],
  ["gen_ai.usage.cache_read.input_tokens", "from the cache", counted],
  ["gen_ai.usage.cache_creation.input_tokens", "into the cache", counted],
  ["gen_ai.usage.output_tokens", "tokens out", counted],
  ["gen_ai.usage.reasoning.output_tokens", "of them reasoning", counted],
  ["gen_ai.usage.cost", "cost", paid],
  ["gen_ai.data_source.id", "source", plain],
  ["countersign.skill", "skill", plain],
  ["countersign.why", "why", spaced],
  ["countersign.attempt", "made before", (value) => `${plain(value)} times`],
  ["user.id", "for", plain],
];

/** What a span says of itself, in words. */
export function listSpanFacts({ attributes }: TraceSpan): readonly SpanFact[] {
  const tool = attributes["gen_ai.tool.name"];
  const server = typeof tool === "string" ? splitTool(tool).server : null;
  return words.flatMap(([key, name, toText]) => {
    const value = attributes[key];
    const before = key === "gen_ai.tool.name" && server !== null;
    return [
      ...(before ? [{ name: "server", value: server }] : []),
      ...(value === undefined ? [] : [{ name, value: toText(value) }]),
    ];
  });
}
