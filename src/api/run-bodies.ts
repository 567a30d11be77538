import { z } from "zod";
import type { Caps } from "../model/budget.ts";
import { moneyField } from "../model/config-budgets.ts";
import { parseDuration } from "../model/duration.ts";
import { Fault } from "../model/index.ts";

/** As long as an agent's own deadline may be. */
const maxDeadlineMs = 365 * 86_400_000;
const notName = "takes 1 to 256 characters, none of them invisible";
const notDeadline = 'takes a duration such as "10m", or a time such as "2026-11-21T10:00:00Z"';

const capsField = z.strictObject({
  money: moneyField.optional(),
  tokens: z.int().min(1).max(1_000_000_000_000).optional(),
  calls: z.int().min(1).max(1_000_000_000).optional(),
});

export const starting = z.strictObject({
  agent: z.string().min(1).max(64),
  input: z.string().min(1).max(1_048_576),
  caps: capsField.optional(),
  deadline: z.string().max(64).optional(),
});

export const resuming = z.strictObject({
  caps: capsField.optional(),
  maxSteps: z.int().min(1).max(100_000).optional(),
  deadline: z.string().max(64).optional(),
});

export const signalling = z.strictObject({
  // It is shown to people, and told to models.
  name: z
    .string()
    .max(256, notName)
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, notName),
  payload: z.string().max(262_144).prefault(""),
});

export const forking = z.strictObject({ step: z.int().nonnegative() });

/** Null where nothing is capped: the agent's own hold. */
export function toCaps(given: z.output<typeof capsField> | undefined): Caps | null {
  if (given === undefined) return null;
  const { money = null, tokens = null, calls = null } = given;
  return money === null && tokens === null && calls === null
    ? null
    : { micros: money, tokens, calls };
}

/** A duration counts from now. */
export function toDeadlineMs(given: string | undefined, nowMs: number): number | null {
  if (given === undefined) return null;
  const durationMs = parseDuration(given);
  const isTime = z.iso.datetime({ offset: true }).safeParse(given).success;
  if (durationMs === null && !isTime) throw refuse(notDeadline);
  const atMs = durationMs === null ? Date.parse(given) : nowMs + durationMs;
  if (!(atMs > nowMs)) throw refuse("is over already");
  if (atMs - nowMs > maxDeadlineMs) throw refuse("is more than 365d away");
  return atMs;
}

function refuse(why: string): Fault {
  return new Fault("request_invalid", `body deadline: ${why}`);
}
