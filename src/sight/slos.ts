import { countOf, series, upTo } from "./promql.ts";

/** Of so many events a share has to be good: the rest is what may go wrong. */
export interface Slo {
  readonly name: string;
  /** For people, with its target. */
  readonly title: string;
  readonly objective: number;
  /** Share of events that were bad, in a window. */
  readonly bad: (window: string) => string;
  readonly events: (window: string) => string;
}

/** Whoever was refused by a rule or by people got what was meant. */
const ended = series("tool_calls", 'outcome!~"denied|expired"');
const runsEnded = series("run_states", 'state=~"completed|partial|failed"');

/** The defaults. Whoever wants others changes them here, and makes the files of `deploy/` anew. */
export const slos: readonly Slo[] = [
  {
    name: "tool_success",
    title: "99.5 % of calls of tools succeed",
    objective: 0.995,
    bad: (window) => toRatio(rate(series("tool_call_errors"), window), rate(ended, window)),
    events: (window) => increase(ended, window),
  },
  {
    name: "tool_latency",
    title: "99 % of calls of tools take less than 200 ms",
    objective: 0.99,
    bad: (window) => toSlow("tool_call_seconds", 0.2, window),
    events: (window) => increase(countOf("tool_call_seconds"), window),
  },
  {
    name: "first_token",
    title: "95 % of answers begin within 500 ms",
    objective: 0.95,
    bad: (window) => toSlow("model_first_token_seconds", 0.5, window),
    events: (window) => increase(countOf("model_first_token_seconds"), window),
  },
  {
    name: "token_rate",
    title: "95 % of answers come at more than 30 tokens a second",
    objective: 0.95,
    bad: (window) =>
      toRatio(
        rate(upTo("model_tokens_per_second", 30), window),
        rate(countOf("model_tokens_per_second"), window),
      ),
    events: (window) => increase(countOf("model_tokens_per_second"), window),
  },
  {
    name: "task_completion",
    title: "95 % of runs complete",
    objective: 0.95,
    bad: (window) =>
      toRatio(
        rate(series("run_states", 'state=~"partial|failed"'), window),
        rate(runsEnded, window),
      ),
    events: (window) => increase(runsEnded, window),
  },
];

/** Targets that are states and no shares of events. */
export const targets = {
  /** What waits at any stage. */
  queueDepth: 10,
  /** Percent; below it a GPU is paid for and not used, while requests wait. */
  gpuPercent: 70,
  /** Of calls of one tool. */
  toolErrorShare: 0.05,
};

function toSlow(
  name: "tool_call_seconds" | "model_first_token_seconds",
  edge: number,
  window: string,
): string {
  return `1 - (${toRatio(rate(upTo(name, edge), window), rate(countOf(name), window))})`;
}

function rate(what: string, window: string): string {
  return `sum(rate(${what}[${window}]))`;
}

function increase(what: string, window: string): string {
  return `sum(increase(${what}[${window}]))`;
}

function toRatio(part: string, whole: string): string {
  return `${part} / ${whole}`;
}
