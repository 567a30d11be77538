import { z } from "zod";
import { digestSchema } from "../model/index.ts";

const count = z.int().nullable();
const average = z.number().nullable().describe("An average that forgets; null before an answer.");

const backend = z.object({
  name: z.string(),
  kind: z.enum(["openai", "anthropic", "scripted"]),
  model: z.string(),
  host: z.string(),
  breaker: z
    .enum(["closed", "open", "probing"])
    .describe("open: it failed three times in a row, and is left alone for 30 s."),
  active: z.int().describe("Requests under way, of this replica."),
  waiting: z.int(),
  resting: z.boolean().describe("It asked to be left alone for a while."),
  priced: z.boolean().describe("Whether its price is known."),
  firstTokenMs: average,
  tokensPerSecond: average,
  lastFault: z.string().nullable().describe("Since its last answer."),
});

const target = z.object({
  backend: z.string(),
  weight: z.int(),
  model: z.string().nullable().describe("Instead of the backend's own."),
});

const listed = z.object({
  id: z.string().describe("The alias."),
  object: z.literal("model"),
  created: z.int().describe("When the serving revision was applied, in seconds."),
  owned_by: z.string(),
});

export const modelSchemas = {
  Model: listed,
  Models: z.object({
    object: z.literal("list").describe("This and `data` are what OpenAI's clients read."),
    data: z.array(listed).describe("Those that the key may ask, or look at."),
    models: z
      .array(
        z.object({
          alias: z.string(),
          groups: z.array(z.array(target)).describe("In the order in which they are asked."),
        }),
      )
      .optional()
      .describe("By name; of whoever only calls nothing but `object` and `data` is answered."),
    backends: z.array(backend).optional(),
    prices: digestSchema.optional().describe("Of the price table."),
  }),
  ModelsLooked: z.object({
    backends: z.array(
      z.object({
        name: z.string(),
        answers: z.boolean(),
        problem: z.string().nullable(),
        tookMs: z.number(),
      }),
    ),
  }),
  ModelTried: z.object({
    backend: z.string().describe("Which one answered."),
    model: z.string(),
    attempts: z.int().describe("Backends asked, this one included."),
    text: z.string(),
    stop: z.enum(["ended", "tool_calls", "length", "refused", "other"]),
    usage: z
      .object({ input: count, cached: count, written: count, output: count, reasoning: count })
      .describe("As the backend counted; null: it did not."),
    firstTokenMs: z.number(),
    tokensPerSecond: z.number().nullable(),
    cost: z.string().nullable().describe("Money; null where usage or price are not known."),
    prices: digestSchema.describe("Of the price table that the cost was counted with."),
  }),
} as const;
