import { z } from "zod";
import { digestSchema } from "../model/index.ts";
import { bundleSchemas } from "./bundle-schemas.ts";
import type { Contract } from "./contract.ts";

const readers = ["admin", "viewer", "operator", "auditor"] as const;
const operators = ["admin", "operator"] as const;

/** Agents as they are now, and bundles as they were when something was built of them. */
export const bundleRoutes = {
  listBundles: {
    method: "GET",
    path: "/v1/bundles",
    summary: "Agents, each with the bundle that a run would start with now. Keeps none.",
    access: readers,
    query: z.object({
      agent: z.string().max(256).optional().describe("This one alone."),
    }),
    answers: { 200: { description: "Agent by agent.", schema: bundleSchemas.Bundles } },
  },
  buildBundle: {
    method: "POST",
    path: "/v1/bundles",
    summary: "Builds the bundle of an agent as everything is now, and keeps it.",
    access: operators,
    consumes: ["application/json"],
    bodyBytes: 4_096,
    answers: { 200: { description: "It is kept.", schema: bundleSchemas.Bundle } },
    faults: ["not_found", "tool_blocked", "config_invalid"],
  },
  getBundle: {
    method: "GET",
    path: "/v1/bundles/{digest}",
    summary: "A bundle that was kept.",
    access: readers,
    params: z.object({ digest: digestSchema }),
    answers: { 200: { description: "The bundle.", schema: bundleSchemas.Bundle } },
    faults: ["not_found"],
  },
  diffBundles: {
    method: "GET",
    path: "/v1/bundles/{from}/diff/{to}",
    summary: "What changed from one kept bundle to another, in words.",
    access: readers,
    params: z.object({ from: digestSchema, to: digestSchema }),
    answers: { 200: { description: "A line a component.", schema: bundleSchemas.BundleDiff } },
    faults: ["not_found"],
  },
} as const satisfies Contract;
