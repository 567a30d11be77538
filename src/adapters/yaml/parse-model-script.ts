import { z } from "zod";
import { createToComplaints } from "../../model/config-complaint.ts";
import { modelScriptSchema, type ModelScript } from "../../model/model-script.ts";
import type { Problem } from "../../model/problem.ts";
import { parseBySchema } from "./parse-by-schema.ts";

export type ParsedModelScript =
  | { readonly kind: "valid"; readonly script: ModelScript }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

const toComplaints = createToComplaints(
  z.toJSONSchema(modelScriptSchema, { io: "input", unrepresentable: "any" }),
);

/** The script of a scripted model, or everything that is wrong with it. */
export function parseModelScript(document: string): ParsedModelScript {
  const parsed = parseBySchema(document, { schema: modelScriptSchema, toComplaints });
  return parsed.kind === "invalid" ? parsed : { kind: "valid", script: parsed.value };
}
