import type { ContextSnapshot, RunEvent } from "../model/run-event.ts";
import type { RunQuality, WindowShares } from "../model/run-quality.ts";
import { toTotal } from "./measure.ts";

type Tokens = ContextSnapshot["tokens"];

/** What the contexts of a run's turns took of a window of so many tokens. */
export function createWindow(window: number) {
  const sums = { instructions: 0, tools: 0, conversation: 0 };
  const sources = new Map<string, number>();
  let turns = 0;
  let last: Tokens | null = null;
  let largest = 0;

  const toShare = (tokens: number): number => {
    const share = Math.min(1, Math.max(0, tokens / window));
    return Math.round(share * 10_000) / 10_000;
  };
  const toShares = (tokens: Tokens): WindowShares => ({
    instructions: toShare(tokens.instructions),
    tools: toShare(tokens.tools),
    conversation: toShare(tokens.conversation),
    sources: Object.fromEntries(
      Object.entries(tokens.sources).map(([name, each]) => [name, toShare(each)]),
    ),
  });

  return {
    take({ snapshot, for: what }: Extract<RunEvent, { type: "model.asked" }>): void {
      if (snapshot === undefined || what === "summary") return;
      const { tokens } = snapshot;
      turns += 1;
      last = tokens;
      largest = Math.max(largest, toTotal(tokens));
      sums.instructions += tokens.instructions;
      sums.tools += tokens.tools;
      sums.conversation += tokens.conversation;
      for (const [name, each] of Object.entries(tokens.sources))
        sources.set(name, (sources.get(name) ?? 0) + each);
    },
    /** A source that a turn did not have took nothing of it. */
    mean(): RunQuality["window"] {
      if (last === null) return null;
      const mean: Tokens = {
        instructions: sums.instructions / turns,
        tools: sums.tools / turns,
        conversation: sums.conversation / turns,
        sources: Object.fromEntries([...sources].map(([name, sum]) => [name, sum / turns])),
      };
      return { mean: toShares(mean), last: toShares(last), largest: toShare(largest) };
    },
  };
}
