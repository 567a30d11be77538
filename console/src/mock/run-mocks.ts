import type { RunCounts, Runs } from "../../../src/client/client.ts";
import { runStates, type RunState } from "../../../src/model/run-states.ts";
import { isTerminal } from "../../../src/model/state-table.ts";
import type { MockAsked, MockRoute } from "./mock-route.ts";
import { ago, mockId } from "./mock-world.ts";

export type MockRun = Runs["runs"][number];

const minuteMs = 60_000;
const agents = [
  { agent: "refund-clerk", cents: 9 },
  { agent: "support-triage", cents: 2 },
  { agent: "travel-desk", cents: 31 },
  { agent: "invoice-matcher", cents: 14 },
  { agent: "contract-reader", cents: 58 },
] as const;
const subjects = ["user:ada", "user:grace", "service:billing", "user:linus"] as const;

/** What is told of the newest ones, the newest first; the older ones have mostly gone well. */
const told: readonly { readonly state: RunState; readonly why?: string; readonly of?: number }[] = [
  { state: "queued" },
  { state: "running" },
  { state: "waiting", why: "approval" },
  { state: "running", of: 44 },
  { state: "waiting", why: "run" },
  { state: "running" },
  { state: "stopped", why: "budget" },
  { state: "completed" },
  { state: "waiting", why: "timer" },
  { state: "completed" },
  { state: "failed", why: "model_unavailable" },
  { state: "completed" },
  { state: "paused" },
  { state: "completed" },
  { state: "partial" },
  { state: "parked", why: "parked" },
  { state: "cancelled" },
  { state: "waiting", why: "credential" },
  { state: "stopped", why: "loop" },
];
const count = 48;

/** The newest first: `mockId(48)` down to `mockId(1)`. */
export const mockRuns: readonly MockRun[] = Array.from({ length: count }, (_, place) =>
  toRun(count - place, place),
);

function toRun(number: number, place: number): MockRun {
  const { state, why = null, of = null } = told[place] ?? toOlder(number);
  const { agent, cents } = agents[(number * 7) % agents.length]!;
  const steps = state === "queued" ? 0 : 1 + ((number * 5) % 13);
  const madeMs = (2 + place * place * 3) * minuteMs;
  const tookMs = (steps * 17 + (number % 9)) * 1_000;
  const money = ((steps * cents) / 100 + (number % 7) / 1_000).toFixed(3);
  return {
    id: mockId(number),
    agent: of === null ? agent : "contract-reader",
    subject: subjects[number % subjects.length]!,
    state,
    head: 3 + steps * 4,
    parent: of === null ? null : mockId(of),
    createdAt: ago(madeMs),
    endedAt: isTerminal(runStates, state) ? ago(madeMs - Math.min(madeMs, tookMs)) : null,
    steps,
    spent: { money: state === "queued" ? "0" : money, tokens: steps * 4_210 + number * 31 },
    why,
  };
}

function toOlder(number: number): (typeof told)[number] {
  if (number % 11 === 0) return { state: "failed", why: "model_refused" };
  return number % 17 === 0 ? { state: "cancelled" } : { state: "completed" };
}

function pick({ query }: Pick<MockAsked, "query">): readonly MockRun[] {
  const { agent, parent, top } = query;
  return mockRuns.filter(
    (run) =>
      (agent === undefined || run.agent === agent) &&
      (parent === undefined || run.parent === parent) &&
      (top !== "true" || run.parent === null),
  );
}

function list(asked: MockAsked): Runs {
  const { state, begins, before, limit = "50" } = asked.query;
  const found = pick(asked).filter(
    (run) =>
      (state === undefined || run.state === state) &&
      (begins === undefined || run.id.startsWith(begins)) &&
      (before === undefined || run.id < before),
  );
  const runs = found.slice(0, Number(limit));
  return { runs, next: runs.length < Number(limit) ? null : runs.at(-1)!.id };
}

function countStates(asked: MockAsked): RunCounts {
  const runs = pick(asked);
  const states = Object.keys(runStates.moves).map((state) => [
    state,
    runs.filter((run) => run.state === state).length,
  ]);
  return { states: Object.fromEntries(states) as RunCounts["states"], most: 10_000, cut: false };
}

export const runMocks: readonly MockRoute[] = [
  { method: "GET", path: "/v1/runs/counts", answer: (asked) => ({ body: countStates(asked) }) },
  { method: "GET", path: "/v1/runs", answer: (asked) => ({ body: list(asked) }) },
];
