import { z } from "zod";
import { countField, modelPatternField, nameField, toolPatternField } from "./config-field.ts";

const notMoney =
  'takes an amount of money with at most six digits behind the point, such as "2.50"';

/** Whole micro-units: no fraction is ever rounded. */
export const moneyField = z.codec(
  z
    .string(notMoney)
    .regex(/^(?:0|[1-9]\d{0,8})(?:\.\d{1,6})?$/, notMoney)
    .meta({ title: "money" }),
  z.int(),
  { decode: toMicros, encode: toMoneyText },
);

function toMicros(text: string): number {
  const [whole, fraction = ""] = text.split(".");
  return Number(whole) * 1_000_000 + Number(fraction.padEnd(6, "0"));
}

/** Of a sum, too, which may be larger than any amount that can be written into the configuration. */
export function toMoneyText(micros: number): string {
  const fraction = String(micros % 1_000_000)
    .padStart(6, "0")
    .replace(/0+$/, "");
  const whole = String(Math.floor(micros / 1_000_000));
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

const sharers = ["tenant", "principal", "agent", "server", "tool"] as const;
export const budgetPeriods = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

const budgetSchema = z
  .strictObject({
    each: z
      .enum(sharers, `takes ${sharers.join(", ")}`)
      .prefault("principal")
      .describe("What has this much for itself, within its tenant."),
    per: z
      .enum(["minute", "hour", "day"], "takes minute, hour or day")
      .prefault("day")
      .describe("Periods begin at full minutes, hours and days in UTC."),
    calls: countField({ min: 1, max: 1_000_000_000 }).optional().describe("Calls in a period."),
    money: moneyField
      .optional()
      .describe("Money in a period, by the prices of tools and models. What has none is refused."),
    tools: z
      .array(toolPatternField)
      .min(1)
      .max(1_000)
      .optional()
      .describe(
        "Tools it is about. Absent, and `models` too: all, prompts, resources and models included.",
      ),
    models: z
      .array(modelPatternField)
      .min(1)
      .max(1_000)
      .optional()
      .describe(
        "Models it is about, by their aliases, where they are asked for at `/v1/chat/completions`.",
      ),
  })
  .refine(({ calls, money }) => calls !== undefined || money !== undefined, {
    message: "limits nothing: it takes calls, money or both",
  });
export type BudgetConfig = z.output<typeof budgetSchema>;

export const budgetsField = z
  .record(nameField, budgetSchema)
  .refine((budgets) => Object.keys(budgets).length <= 64, "takes at most 64 budgets")
  .prefault({})
  .describe("What may be used up in a period, counted over all replicas.");
