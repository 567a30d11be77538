import type { z } from "zod";
import type { ToComplaints } from "../../model/config-complaint.ts";
import { listProblems, renderKeyPath, type KeyPath, type Problem } from "../../model/problem.ts";
import type { Place } from "./locate.ts";
import { readYaml } from "./read-yaml.ts";

export interface DocumentFormat<Schema extends z.ZodType> {
  readonly schema: Schema;
  readonly toComplaints: ToComplaints;
}

export type ParsedDocument<Value> =
  | {
      readonly kind: "valid";
      readonly value: Value;
      readonly placeOf: (path: KeyPath, at: "key" | "value") => Place;
    }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

/** A document in YAML to its value, or everything that is wrong with it. */
export function parseBySchema<Schema extends z.ZodType>(
  document: string,
  { schema, toComplaints }: DocumentFormat<Schema>,
): ParsedDocument<z.output<Schema>> {
  const reading = readYaml(document);
  if (reading.kind === "unreadable")
    return { kind: "invalid", problems: listProblems(reading.problems) };

  const parsed = schema.safeParse(reading.value);
  if (parsed.success && reading.problems.length === 0)
    return { kind: "valid", value: parsed.data, placeOf: reading.placeOf };
  const complaints = parsed.success ? [] : toComplaints(parsed.error.issues, reading.value);
  const problems = complaints
    .map(({ path, at, message, suggestion }): Problem => {
      const key = renderKeyPath(path, at === "key" ? suggestion : null);
      return { ...reading.placeOf(path, at), key, message, suggestion };
    })
    // An alias that was refused reads as nothing; that it is "missing" would be a second, wrong, word on it.
    .filter(({ key }) => !reading.problems.some((earlier) => isWithin(key, earlier.key)));
  return { kind: "invalid", problems: listProblems([...reading.problems, ...problems]) };
}

function isWithin(key: string, outer: string): boolean {
  return key === outer || key.startsWith(`${outer}.`) || key.startsWith(`${outer}[`);
}
