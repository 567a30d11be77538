import type { Run } from "../client/client.ts";
import { toPlainInert } from "../lib/inert-text.ts";
import type { RunQuality } from "../model/run-quality.ts";
import { count } from "./render-changes.ts";

type Quality = NonNullable<Run["quality"]>;
type Window = NonNullable<Quality["window"]>;

/** How well its context served a run: a line a question. */
export function renderQuality(quality: Quality): readonly string[] {
  const { results, judged, unused, factsRead, staleFacts, staleEffects, window } = quality;
  const looked = judged < results ? ` of ${judged} that were looked at` : "";
  const refused = staleEffects === 0 ? "" : `, ${count(staleEffects, "effect")} refused for it`;
  return [
    `${toCalls(quality)}, ${quality.contradictions} against a fact`,
    `${count(results, "result")}, ${unused}${looked} not used`,
    ...(factsRead === 0
      ? []
      : [`${count(factsRead, "fact")} read again, ${staleFacts} of them changed${refused}`]),
    ...(window === null ? [] : [`${toPercent(window.largest)} of the window at most`]),
    ...(window === null ? [] : [`on average ${toParts(window.mean)}`]),
    ...(quality.compactions === 0 ? [] : [`compacted ${count(quality.compactions, "time")}`]),
  ];
}

/** The same in a line of the log. */
export function toMeasured(quality: RunQuality): string {
  return `${toCalls(quality)}, ${quality.unused} of ${quality.judged} results not used`;
}

function toCalls({
  calls,
  wellFormed,
  repeated,
}: Pick<Quality, "calls" | "wellFormed" | "repeated">) {
  return `${count(calls, "call")}, ${wellFormed} well formed, ${repeated} repeated`;
}

function toParts({ instructions, tools, conversation, sources }: Window["mean"]): string {
  const parts = { instructions, tools, conversation };
  const named = Object.entries(sources).map(
    ([name, share]) => [`source ${toPlainInert(name)}`, share] as const,
  );
  return [...Object.entries(parts), ...named]
    .map(([name, share]) => `${name} ${toPercent(share)}`)
    .join(", ");
}

const toPercent = (share: number): string => `${(share * 100).toFixed(1)} %`;
