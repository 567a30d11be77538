import { z } from "zod";
import type { Contract } from "./contract.ts";
import { modelSchemas } from "./model-schemas.ts";

const readers = ["admin", "viewer", "operator", "auditor", "caller"] as const;
const operators = ["admin", "operator"] as const;

/** Models by what they are called here, and the backends behind them. */
export const modelRoutes = {
  listModels: {
    method: "GET",
    path: "/v1/models",
    summary:
      "Models, in OpenAI's form; for whoever may look, how the backends that answer for them are, as this replica sees it.",
    access: readers,
    answers: { 200: { description: "By name.", schema: modelSchemas.Models } },
  },
  getModel: {
    method: "GET",
    path: "/v1/models/{alias}",
    summary: "One model, in OpenAI's form.",
    access: readers,
    params: z.object({ alias: z.string().max(64) }),
    answers: { 200: { description: "It is there.", schema: modelSchemas.Model } },
  },
  lookAtModels: {
    method: "POST",
    path: "/v1/models/look",
    summary: "Asks every backend now whether it answers. Costs no tokens.",
    access: operators,
    answers: { 200: { description: "Who does.", schema: modelSchemas.ModelsLooked } },
  },
  tryModel: {
    method: "POST",
    path: "/v1/models/{alias}/try",
    summary: "Sends one short prompt to a model, and says what came and what it cost.",
    access: operators,
    params: z.object({ alias: z.string().max(64) }),
    consumes: ["application/json"],
    bodyBytes: 65_536,
    answers: { 200: { description: "What came.", schema: modelSchemas.ModelTried } },
    faults: ["model_busy", "model_unavailable", "model_broken", "model_refused", "price_unknown"],
  },
} as const satisfies Contract;
