import { z } from "zod";
import { deepFreeze } from "../lib/deep-freeze.ts";
import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import { toCanonicalText } from "./canonical.ts";
import { Fault } from "./fault.ts";

// The parser's own bound less eight levels: a record puts the value some levels deep into itself,
// and an entry that is written but cannot be read would be worse than a refusal.
const limits = { depth: 120 };

const message = "is not JSON that reads back as it was written";

/** JSON from outside that is kept in a record. What could not be read back is refused on the way in. */
export const jsonSchema = z.custom<Json>(readsBack, message).transform(deepFreeze);

export const jsonObjectSchema = z
  .custom<{ readonly [key: string]: Json }>(
    (value) =>
      typeof value === "object" && value !== null && !Array.isArray(value) && readsBack(value),
    message,
  )
  .transform(deepFreeze);

function readsBack(value: unknown): boolean {
  try {
    return parseStrictJson(toCanonicalText(value), limits).kind === "parsed";
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}
