import { z } from "zod";

const count = z.int().nonnegative();
const day = z.iso.date();
const spent = { money: z.string(), tokens: count };
const named = z.object({
  name: z.string().nullable().describe("Null: nobody is named, or not any more."),
  ...spent,
});

export const costSchemas = {
  Costs: z.object({
    from: day.describe("The first day that was asked for, in UTC."),
    to: day.describe("The last one."),
    since: day
      .nullable()
      .describe("The first day that is whole in these sums; null: one day alone is too much."),
    cut: z.boolean().describe("There is more than can be added up at once: `since` is later."),
    kept: day.nullable().describe("The first day of which anything is kept; null: nothing is."),
    total: z.object(spent),
    runs: z.object(spent).describe("Of the total, what runs have spent."),
    unknown: count.describe("Answers of models whose cost nobody knows: they are in no sum."),
    completed: count.nullable().describe("Runs that somebody started and that were completed."),
    perCompleted: z.string().nullable().describe("What runs have spent for each of these."),
    days: z.array(z.object({ day, ...spent })).describe("Those on which anything was spent."),
    agents: z.array(named).describe("The dearest first, here as below; 50 at most."),
    sources: z.array(named.extend({ kind: z.enum(["model", "tool"]) })),
    subjects: z.array(named),
    dearest: z.array(z.object({ run: z.string(), agent: z.string().nullable(), ...spent })),
  }),
  Budgets: z.object({
    budgets: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(["money", "calls"]),
        each: z.enum(["tenant", "principal", "agent", "server", "tool"]),
        per: z.enum(["minute", "hour", "day"]),
        cap: z.string().describe("Of each share, in a period."),
        began: z.iso.datetime(),
        ends: z.iso.datetime().describe("When it begins anew."),
        shares: count.describe("Those that have used any of it in this period."),
        fullest: z.array(
          z.object({
            name: z.string().nullable().describe("Null: it cannot be told whose share it is."),
            used: z.string().describe("With what replicas have set aside for themselves."),
          }),
        ),
      }),
    ),
  }),
} as const;
