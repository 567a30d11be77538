import type { z } from "zod";
import { parseStrictJson } from "../lib/strict-json.ts";
import { Fault } from "../model/index.ts";

/** A body in JSON, or a refusal that names the place. */
export function parseBody<Value>(schema: z.ZodType<Value>, text: string): Value {
  const read = parseStrictJson(text);
  if (read.kind === "refused") {
    throw new Fault("request_invalid", `The body is not JSON: ${read.reason}.`);
  }
  return parseMembers(schema, read.value);
}

/** What is there of a body that is JSON. */
export function parseMembers<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".") ?? "";
  throw new Fault("request_invalid", `body ${place}: ${issue?.message ?? "is wrong"}`);
}
