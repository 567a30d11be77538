import { z } from "zod";
import type { Contract } from "./contract.ts";
import { policySchemas } from "./policy-schemas.ts";

/** Whoever sees what there is. */
const readers = ["admin", "viewer", "operator", "auditor"] as const;
const json = ["application/json"] as const;

/** What is asked about rules. Nothing of it changes anything. */
export const policyRoutes = {
  checkPolicy: {
    method: "POST",
    path: "/v1/policy/check",
    summary:
      "Reads the rules of a document, or those that serve, and checks them on the pinned tools.",
    access: readers,
    consumes: json,
    answers: { 200: { description: "What is wrong.", schema: policySchemas.PolicyCheck } },
  },
  testPolicy: {
    method: "POST",
    path: "/v1/policy/test",
    summary: "Runs cases: what policy would say, beside what is expected.",
    access: readers,
    consumes: json,
    answers: { 200: { description: "Case by case.", schema: policySchemas.PolicyTest } },
    faults: ["config_invalid"],
  },
  explainPolicy: {
    method: "POST",
    path: "/v1/policy/explain",
    summary: "What policy would say of one call, with every rule about it.",
    access: readers,
    consumes: json,
    answers: { 200: { description: "Why.", schema: policySchemas.PolicyExplanation } },
    faults: ["config_invalid"],
  },
  findBlastRadius: {
    method: "POST",
    path: "/v1/policy/blast-radius",
    summary: "What a principal, an agent or whoever uses a toolset could do at worst.",
    access: readers,
    consumes: json,
    answers: { 200: { description: "Tool by tool.", schema: policySchemas.BlastRadius } },
    faults: ["config_invalid"],
  },
  getPolicySchema: {
    method: "GET",
    path: "/v1/policy/schema",
    summary: "The Cedar schema of the pinned tools, as text for editors.",
    access: readers,
    answers: { 200: { description: "The schema.", schema: z.string(), produces: "text/plain" } },
  },
} as const satisfies Contract;
