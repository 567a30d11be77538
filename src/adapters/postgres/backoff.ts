import type { Random } from "../../ports/random.ts";

/** Doubles from 20 ms to 2 s, half of it random, so that replicas do not return in step. */
export function toBackoffMs(attempt: number, random: Pick<Random, "fraction">): number {
  const fullMs = Math.min(2_000, 20 * 2 ** Math.min(attempt, 10));
  return fullMs / 2 + (fullMs / 2) * random.fraction();
}
