import type { Contract } from "./contract.ts";
import { sandboxSchemas } from "./sandbox-schemas.ts";

export const sandboxRoutes = {
  listSandboxes: {
    method: "GET",
    path: "/v1/sandboxes",
    summary:
      "What this replica can keep programs in: what a canary of each tier showed, and what enforces each limit.",
    access: ["admin", "viewer", "operator", "auditor"],
    answers: { 200: { description: "The weakest first.", schema: sandboxSchemas.Sandboxes } },
  },
} as const satisfies Contract;
