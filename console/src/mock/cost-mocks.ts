import type { Budgets, Costs } from "../../../src/client/client.ts";
import type { MockRoute } from "./mock-route.ts";
import { openedMs } from "./mock-world.ts";
import { mockRuns } from "./run-mocks.ts";

const dayMs = 86_400_000;
const keptDays = 60;

const toDay = (back: number): string =>
  new Date(openedMs - back * dayMs).toISOString().slice(0, 10);
const toMoney = (micros: number): string => String(micros / 1_000_000);

/** More on working days, a little more each week. */
function toDaySpent(back: number): { readonly micros: number; readonly tokens: number } {
  const wave = [52, 61, 58, 66, 49, 11, 8][back % 7]! - Math.floor(back / 7) * 2;
  const micros = Math.max(3, wave) * 610_000 + ((back * 37) % 11) * 90_500;
  return { micros, tokens: Math.round(micros * 0.31) };
}

interface Weight {
  readonly name: string | null;
  readonly share: number;
}
const agents: readonly Weight[] = [
  { name: "contract-reader", share: 0.41 },
  { name: "travel-desk", share: 0.24 },
  { name: "invoice-matcher", share: 0.17 },
  { name: "refund-clerk", share: 0.1 },
  { name: "support-triage", share: 0.05 },
  { name: null, share: 0.03 },
];
const subjects: readonly Weight[] = [
  { name: "service:billing", share: 0.46 },
  { name: "user:ada", share: 0.27 },
  { name: "user:grace", share: 0.16 },
  { name: "user:linus", share: 0.08 },
  { name: null, share: 0.03 },
];
const sources: readonly (Weight & { readonly kind: "model" | "tool" })[] = [
  { kind: "model", name: "sonnet", share: 0.58 },
  { kind: "model", name: "haiku", share: 0.19 },
  { kind: "tool", name: "flights__search", share: 0.14 },
  { kind: "model", name: "local-qwen", share: 0 },
  { kind: "tool", name: "registry__company_extract", share: 0.07 },
  { kind: "model", name: null, share: 0.02 },
];

function readCosts(days: number): Costs {
  const shown = Math.min(days, keptDays);
  const spent = Array.from({ length: shown }, (_, back) => ({
    day: toDay(back),
    ...toDaySpent(back),
  }));
  const micros = spent.reduce((sum, each) => sum + each.micros, 0);
  const tokens = spent.reduce((sum, each) => sum + each.tokens, 0);
  const part = (share: number) => ({
    money: toMoney(Math.round(micros * share)),
    tokens: Math.round(tokens * share),
  });
  const split = (weights: readonly Weight[]) =>
    weights.map(({ name, share }) => ({ name, ...part(share) }));
  const completed = shown * 41;
  const runMicros = Math.round(micros * 0.97);
  return {
    from: toDay(days - 1),
    to: toDay(0),
    since: toDay(days - 1),
    cut: false,
    kept: toDay(keptDays - 1),
    total: { money: toMoney(micros), tokens },
    runs: { money: toMoney(runMicros), tokens: Math.round(tokens * 0.97) },
    unknown: 3,
    completed,
    perCompleted: toMoney(Math.ceil(runMicros / completed)),
    days: spent.map(({ day, micros: ofDay, tokens: all }) => ({
      day,
      money: toMoney(ofDay),
      tokens: all,
    })),
    agents: split(agents),
    subjects: split(subjects),
    sources: sources.map(({ kind, name, share }) => ({
      kind,
      name,
      ...part(share),
      ...(share === 0 ? { tokens: 812_400 } : {}),
    })),
    dearest: mockRuns
      .toSorted((one, other) => Number(other.spent!.money) - Number(one.spent!.money))
      .slice(0, 12)
      .map(({ id, agent, spent: of }) => ({
        run: id,
        agent,
        money: of!.money,
        tokens: of!.tokens,
      })),
  };
}

function listBudgets(): Budgets {
  const began = Math.floor(openedMs / dayMs) * dayMs;
  const day = {
    began: new Date(began).toISOString(),
    ends: new Date(began + dayMs).toISOString(),
    per: "day",
  } as const;
  return {
    budgets: [
      {
        ...day,
        name: "models",
        kind: "money",
        each: "tenant",
        cap: "60",
        shares: 1,
        fullest: [{ name: "default", used: "37.42" }],
      },
      {
        ...day,
        name: "flights",
        kind: "calls",
        each: "principal",
        cap: "200",
        shares: 9,
        fullest: [
          { name: "service:billing", used: "200" },
          { name: "user:ada", used: "171" },
          { name: "user:grace", used: "40" },
          { name: null, used: "12" },
          { name: "user:linus", used: "4" },
        ],
      },
    ],
  };
}

export const costMocks: readonly MockRoute[] = [
  {
    method: "GET",
    path: "/v1/costs",
    answer: ({ query }) => ({ body: readCosts(Number(query["days"] ?? 7)) }),
  },
  { method: "GET", path: "/v1/budgets", answer: () => ({ body: listBudgets() }) },
];
