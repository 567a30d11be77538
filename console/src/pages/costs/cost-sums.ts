import type { Costs } from "../../../../src/client/client.ts";

/** Whole days in UTC that the page can show, today among them. */
export const ranges = [
  { days: 1, title: "Today" },
  { days: 7, title: "7 days" },
  { days: 30, title: "30 days" },
  { days: 90, title: "90 days" },
] as const;

export function parseDays(text: unknown): number {
  return ranges.find(({ days }) => String(days) === String(text))?.days ?? 7;
}

export interface Amount {
  readonly money: string;
  readonly tokens: number;
}
export interface DayBar extends Amount {
  readonly day: string;
  /** Of the dearest day. */
  readonly share: number;
}

const dayMs = 86_400_000;

/** Every day that is in the sums, the oldest first; on some nothing was spent. */
export function toDayBars({ since, to, days }: Pick<Costs, "since" | "to" | "days">): DayBar[] {
  if (since === null) return [];
  const spent = new Map(days.map((each) => [each.day, each]));
  const most = Math.max(0, ...days.map(({ money }) => Number(money)));
  const bars: DayBar[] = [];
  for (let atMs = Date.parse(since); atMs <= Date.parse(to); atMs += dayMs) {
    const day = new Date(atMs).toISOString().slice(0, 10);
    const { money, tokens } = spent.get(day) ?? { money: "0", tokens: 0 };
    bars.push({ day, money, tokens, share: most === 0 ? 0 : Number(money) / most });
  }
  return bars;
}

export interface Part extends Amount {
  readonly key: string;
  /** Null: nobody is named, or not any more. */
  readonly name: string | null;
  readonly kind?: "model" | "tool";
  /** Of the whole, in money. */
  readonly share: number;
}

export interface Parts {
  readonly parts: readonly Part[];
  /** What is too far down to be listed; null: all is. */
  readonly rest: Amount | null;
}

/** The parts of a whole. Money is added up in millionths: a decimal loses nothing there. */
export function toParts(
  named: readonly (Amount & { readonly name: string | null; readonly kind?: "model" | "tool" })[],
  total: Amount,
): Parts {
  const whole = toMicros(total.money);
  const parts = named.map((each) => ({
    ...each,
    key: `${each.kind ?? ""} ${each.name === null ? "" : `=${each.name}`}`,
    share: whole === 0 ? 0 : toMicros(each.money) / whole,
  }));
  const restMicros = whole - parts.reduce((sum, { money }) => sum + toMicros(money), 0);
  const tokens = total.tokens - parts.reduce((sum, each) => sum + each.tokens, 0);
  const isWhole = restMicros <= 0 && tokens <= 0;
  return { parts, rest: isWhole ? null : { money: toDecimal(restMicros), tokens } };
}

/** What was spent outside of runs: by agents that are built elsewhere. */
export function toOutside({ total, runs }: Pick<Costs, "total" | "runs">): Amount {
  return {
    money: toDecimal(toMicros(total.money) - toMicros(runs.money)),
    tokens: total.tokens - runs.tokens,
  };
}

function toMicros(decimal: string): number {
  return Math.round(Number(decimal) * 1_000_000);
}

function toDecimal(micros: number): string {
  return (micros / 1_000_000).toFixed(6);
}
