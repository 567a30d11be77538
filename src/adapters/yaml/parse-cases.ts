import { z } from "zod";
import { createToComplaints } from "../../model/config-complaint.ts";
import { policyCasesSchema, type PolicyCase } from "../../model/policy-case.ts";
import type { Problem } from "../../model/problem.ts";
import { parseBySchema } from "./parse-by-schema.ts";

export interface PlacedCase {
  readonly line: number;
  readonly wanted: PolicyCase;
}

export type ParsedCases =
  | { readonly kind: "valid"; readonly cases: readonly PlacedCase[] }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

const toComplaints = createToComplaints(z.toJSONSchema(policyCasesSchema, { io: "input" }));

/** `policy.cases.yaml` to its cases with their lines, or everything that is wrong with it. */
export function parseCases(document: string): ParsedCases {
  if (document.trim() === "") {
    const message = "the file is empty; it takes `cases:`, a list";
    return {
      kind: "invalid",
      problems: [{ line: 1, column: 1, key: "", message, suggestion: null }],
    };
  }
  const parsed = parseBySchema(document, { schema: policyCasesSchema, toComplaints });
  if (parsed.kind === "invalid") return parsed;
  const { value, placeOf } = parsed;
  const cases = value.cases.map((wanted, index) => ({
    wanted,
    line: placeOf(["cases", index], "value").line,
  }));
  return { kind: "valid", cases };
}
