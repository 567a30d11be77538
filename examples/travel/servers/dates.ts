import { z } from "zod";

/** A day as `2026-11-24`. */
export const dateField = z.iso.date("takes a date such as 2026-11-24");

const dayMs = 24 * 60 * 60 * 1000;

/** In UTC. TRAVEL_TODAY takes its place, for tests. */
export function readToday(): string {
  const given = process.env["TRAVEL_TODAY"];
  return given === undefined ? toDate(Date.now()) : dateField.parse(given);
}

/** Monday is 1. */
export function toWeekday(date: string): number {
  return new Date(date).getUTCDay() || 7;
}

const weekdays = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const;

export const daysSchema = z.object({
  today: z.string(),
  weekday: z.enum(weekdays),
  next: z
    .object({
      monday: z.string(),
      tuesday: z.string(),
      wednesday: z.string(),
      thursday: z.string(),
      friday: z.string(),
      saturday: z.string(),
      sunday: z.string(),
    })
    .describe("The first such day after today."),
});

/** Today, and the next of each day of the week after it. */
export function toDays(today: string): z.output<typeof daysSchema> {
  const at = Date.parse(today);
  const weekday = toWeekday(today);
  const next = (name: (typeof weekdays)[number]): string => {
    const ahead = (weekdays.indexOf(name) + 1 - weekday + 7) % 7;
    return toDate(at + (ahead === 0 ? 7 : ahead) * dayMs);
  };
  return {
    today,
    weekday: weekdays[weekday - 1]!,
    next: {
      monday: next("monday"),
      tuesday: next("tuesday"),
      wednesday: next("wednesday"),
      thursday: next("thursday"),
      friday: next("friday"),
      saturday: next("saturday"),
      sunday: next("sunday"),
    },
  };
}

function toDate(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
