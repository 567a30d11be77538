import type { z } from "zod";
import { deepFreeze } from "../lib/deep-freeze.ts";
import { parseStrictJson, toPointer } from "../lib/strict-json.ts";
import { toCanonicalText } from "./canonical.ts";
import { Fault } from "./fault.ts";

/**
 * Reads canonical bytes that were stored: entries, events. Bytes that are anything but the canonical
 * form of a value of this version are a fault that names the place; nothing is skipped over.
 */
export function fromRecordBytes<Value>(
  schema: z.ZodType<Value>,
  bytes: Uint8Array,
  what: string,
): Value {
  const refuse = (reason: string, pointer: string): never => {
    const place = pointer === "" ? "" : ` at ${pointer}`;
    throw new Fault(
      "record_unreadable",
      `These bytes are not those of ${what}: ${reason}${place}.`,
      {
        details: { pointer },
      },
    );
  };
  const parsed = parseStrictJson(bytes);
  if (parsed.kind === "refused") return refuse(parsed.reason, parsed.pointer);
  const read = schema.safeParse(parsed.value);
  if (!read.success) {
    const [issue] = read.error.issues;
    const path = (issue?.path ?? []).map((key) => (typeof key === "number" ? key : String(key)));
    return refuse(issue?.message ?? "unknown kind", toPointer(path));
  }
  if (toCanonicalText(read.data) !== new TextDecoder().decode(bytes))
    return refuse("they are not canonical", "");
  return deepFreeze(read.data);
}
