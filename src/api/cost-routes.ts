import { z } from "zod";
import type { Contract } from "./contract.ts";
import { costSchemas as schemas } from "./cost-schemas.ts";

const readers = ["admin", "viewer", "operator", "auditor"] as const;

export const costRoutes = {
  readCosts: {
    method: "GET",
    path: "/v1/costs",
    summary: "What models and tools have cost, by day, agent, source and subject.",
    access: readers,
    query: z.object({
      days: z.coerce
        .number()
        .int()
        .min(1)
        .max(366)
        .prefault(7)
        .describe("Whole days in UTC, today among them."),
    }),
    answers: { 200: { description: "Sums.", schema: schemas.Costs } },
  },
  listBudgets: {
    method: "GET",
    path: "/v1/budgets",
    summary: "What of each configured budget is used in the period that runs.",
    access: readers,
    answers: { 200: { description: "By name.", schema: schemas.Budgets } },
  },
} as const satisfies Contract;
