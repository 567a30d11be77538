import { z } from "zod";
import type { Contract } from "./contract.ts";

const issued = z
  .object({
    access_token: z.string(),
    issued_token_type: z.string(),
    token_type: z.literal("Bearer"),
    expires_in: z.int(),
    scope: z.string().optional(),
  })
  .describe("RFC 8693 §2.2.1.");

const refused = z
  .object({
    error: z.enum(["invalid_request", "invalid_scope", "invalid_target", "unsupported_grant_type"]),
    error_description: z.string(),
  })
  .describe("RFC 6749 §5.2, RFC 8693 §2.2.2.");

export const tokenRoutes = {
  exchangeToken: {
    method: "POST",
    path: "/oauth/token",
    summary: "Exchanges a key or token of one's own for a token with which an agent acts for one.",
    access: "open",
    consumes: ["application/x-www-form-urlencoded"],
    bodyBytes: 65_536,
    bodyWithinMs: 5_000,
    answers: {
      200: { description: "A token for the agent.", schema: issued },
      400: { description: "None, and why.", schema: refused },
    },
    faults: ["not_found", "issuer_unavailable"],
  },
} as const satisfies Contract;
