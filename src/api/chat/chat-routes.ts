import { z } from "zod";
import type { Answers, Contract } from "../contract.ts";

const askers = ["admin", "caller"] as const;

/** The wire format is OpenAI's: what is named of it here is what is promised. */
const completion = z.looseObject({
  id: z.string(),
  object: z.literal("chat.completion"),
  created: z.int(),
  model: z.string().describe("The alias that was asked."),
  system_fingerprint: z.string().nullable().describe("The backend and model that answered."),
  choices: z.array(z.looseObject({})),
});

export const chatRoutes = {
  createChatCompletion: {
    method: "POST",
    path: "/v1/chat/completions",
    summary: "Asks a model in OpenAI's format, streaming or not; refusals are in that format, too.",
    access: askers,
    consumes: ["application/json"],
    answers: {
      200: {
        description: "The answer; with `stream`, chunks of it as server-sent events.",
        schema: completion,
      },
    },
    faults: ["secret_sent", "frozen", "budget_exhausted", "price_unknown", "model_busy"],
  },
} as const satisfies Contract;

/** The path is served before the contract's routes are asked, since its answers may be streams. */
export function createChatAnswers(): Answers<typeof chatRoutes> {
  return {
    createChatCompletion: () => {
      throw new Error("completions are answered elsewhere");
    },
  };
}
