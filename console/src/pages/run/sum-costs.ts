import type { Amounts } from "../../../../src/model/budget.ts";
import { asRunEvent, toPlace } from "./event-line.ts";
import type { ShownEvent } from "./run-source.ts";
import { toToolName } from "./span-label.ts";

export interface Spent extends Amounts {
  /** Tokens that went into models, those of them that came from a cache, and what came out. */
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

export interface CostRow extends Spent {
  readonly name: string;
  /** How often something was spent. */
  readonly times: number;
}

export interface CostPoint {
  readonly atMs: number;
  readonly step: number;
  /** Everything up to it. */
  readonly sum: Amounts;
}

export interface CostSums {
  readonly total: Spent;
  readonly steps: readonly CostRow[];
  readonly models: readonly CostRow[];
  readonly tools: readonly CostRow[];
  /** From nothing to all, a point for each time that something was spent. */
  readonly points: readonly CostPoint[];
}

interface Spending {
  readonly step: number;
  readonly cost: Amounts;
  /** Null: no model's. */
  readonly model: string | null;
  /** Null: no tool's. */
  readonly tool: string | null;
  readonly tokens: Pick<Spent, "input" | "cached" | "output">;
}

const noTokens = { input: 0, cached: 0, output: 0 };
const nothing: Spent = { micros: 0, tokens: 0, calls: 0, ...noTokens };

function add(one: Spent, { cost, tokens }: Pick<Spending, "cost" | "tokens">): Spent {
  return {
    micros: one.micros + cost.micros,
    tokens: one.tokens + cost.tokens,
    calls: one.calls + cost.calls,
    input: one.input + tokens.input,
    cached: one.cached + tokens.cached,
    output: one.output + tokens.output,
  };
}

/** What was spent on what, from the log alone: nothing is counted that no event tells of. */
export function sumCosts(events: readonly ShownEvent[]): CostSums {
  const tools = new Map<string, string>();
  const [steps, models, byTool] = [createRows(), createRows(), createRows()];
  const points: CostPoint[] = [];
  let total = nothing;
  for (const shown of events) {
    const spending = toSpending(shown, tools);
    if (spending === null) continue;
    total = add(total, spending);
    steps.add(String(spending.step), spending);
    if (spending.model !== null) models.add(spending.model, spending);
    if (spending.tool !== null) byTool.add(spending.tool, spending);
    const { micros, tokens, calls } = total;
    const { step } = spending;
    points.push({ atMs: shown.event.atMs, step, sum: { micros, tokens, calls } });
  }
  return { total, steps: steps.list(), models: models.list(), tools: byTool.list(), points };
}

function createRows() {
  const rows = new Map<string, CostRow>();
  return {
    add(name: string, spending: Spending): void {
      const before = rows.get(name) ?? { ...nothing, name, times: 0 };
      rows.set(name, { ...add(before, spending), name, times: before.times + 1 });
    },
    list: (): readonly CostRow[] => [...rows.values()],
  };
}

/** Null: nothing was spent, and nothing was asked. */
function toSpending(shown: ShownEvent, tools: Map<string, string>): Spending | null {
  const event = asRunEvent(shown);
  switch (event.type) {
    case "model.responded": {
      const { step, backend, usage, cost, calls } = event;
      for (const [ordinal, { tool }] of calls.entries())
        tools.set(toPlace({ step, ordinal }), toToolName(tool));
      const { input, cached, output } = usage;
      const tokens = { input: input ?? 0, cached: cached ?? 0, output: output ?? 0 };
      return { step, cost, model: backend, tool: null, tokens };
    }
    case "compensation.planned":
      for (const [ordinal, { tool }] of event.calls.entries())
        tools.set(toPlace({ step: event.step, ordinal }), toToolName(tool));
      return null;
    case "model.failed":
      return { ...toPart(event.step, event.cost), model: "no answer" };
    case "context.compacted":
      return { ...toPart(event.step, event.cost), model: event.backend ?? "no answer" };
    case "call.ended": {
      const tool = tools.get(toPlace(event)) ?? "a call";
      return { ...toPart(event.step, event.cost), tool };
    }
    case "fact.read":
      return { ...toPart(event.step, event.cost), tool: "facts, read again" };
    case "source.read":
      if (event.cost === undefined) return null;
      return { ...toPart(event.step, event.cost), tool: `source ${event.source}` };
    default:
      return null;
  }
}

function toPart(step: number, cost: Amounts): Spending {
  return { step, cost, model: null, tool: null, tokens: noTokens };
}
