import { z } from "zod";
import { closest } from "../lib/closest.ts";
import { configSchema } from "./config.ts";
import { renderKeyPath, type KeyPath } from "./problem.ts";

/** What the schema says about a value, before a parser adds where it stands. */
export interface Complaint {
  readonly path: KeyPath;
  /** Whether the key or what stands after it is wrong. */
  readonly at: "key" | "value";
  readonly message: string;
  readonly suggestion: string | null;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The schema of what a person writes, for editors and for suggestions. */
export const configJsonSchema: JsonSchema = z.toJSONSchema(configSchema, { io: "input" });

export type ToComplaints = (
  issues: readonly z.core.$ZodIssue[],
  document: unknown,
) => readonly Complaint[];

/** Complaints about documents of one format, with what was probably meant. */
export function createToComplaints(root: JsonSchema): ToComplaints {
  const format: Format = { root, allKeys: listKeys(root) };
  return (issues, document) =>
    issues.flatMap((issue) => {
      const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
      if (issue.code === "unrecognized_keys")
        return issue.keys.map((key) => toUnknownKey(format, [...path, key]));
      const input = valueAt(document, path);
      const message = toMessage(issue, input);
      const suggestion = toSuggestion(issue, input, schemasAt(root, path));
      const complaint: Complaint = { path, at: "value", message, suggestion };
      // Without its kind nothing in a union is checked; a misspelt `kind` is best seen as itself.
      const outer = path.slice(0, -1);
      const known = keysAt(root, outer);
      const strangers = issue.code === "invalid_union" ? keysIn(document, outer) : [];
      return [
        complaint,
        ...strangers
          .filter((key) => !known.includes(key))
          .map((key) => toUnknownKey(format, [...outer, key])),
      ];
    });
}

interface Format {
  readonly root: JsonSchema;
  /** Where each key stands, so that a misplaced one can be sent home. */
  readonly allKeys: readonly { readonly key: string; readonly path: KeyPath }[];
}

function toUnknownKey({ root, allKeys }: Format, path: KeyPath): Complaint {
  const key = String(path.at(-1));
  const siblings = keysAt(root, path.slice(0, -1));
  const elsewhere = allKeys.find((each) => each.key === key)?.path;
  const suggestion =
    closest(key, siblings) ?? (elsewhere === undefined ? null : renderKeyPath(elsewhere));
  return { path, at: "key", message: "is not a known key", suggestion };
}

function keysIn(document: unknown, path: KeyPath): readonly string[] {
  const given = valueAt(document, path);
  return typeof given === "object" && given !== null ? Object.keys(given) : [];
}

function toMessage(issue: z.core.$ZodIssue, input: unknown): string {
  if (issue.code === "custom") return issue.message;
  if (input === undefined) return "is missing";
  if (input === null) return "has no value";
  if (issue.code === "invalid_type" && issue.expected === "object") {
    return issue.path.length === 0
      ? "the document takes keys and values"
      : "takes keys and values below it";
  }
  return issue.message;
}

function toSuggestion(
  issue: z.core.$ZodIssue,
  input: unknown,
  [field]: readonly JsonSchema[],
): string | null {
  if (issue.code === "custom" && typeof issue.params?.suggestion === "string")
    return issue.params.suggestion;
  const options = toOptions(issue);
  if (options.length > 0) {
    const near = typeof input === "string" ? closest(input, options) : null;
    return near ?? (options.length === 1 ? options[0]! : null);
  }
  const fallback: unknown = field?.default;
  return typeof fallback === "string" || typeof fallback === "number" ? String(fallback) : null;
}

function toOptions(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === "invalid_value") return issue.values.map(String);
  // The schema's discriminator is known at run time only; zod's type does not tell.
  const options: unknown =
    issue.code === "invalid_union" && "options" in issue ? issue.options : [];
  return Array.isArray(options) ? options.map(String) : [];
}

function valueAt(document: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((value, part) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part))
      return undefined;
    return (value as Record<string | number, unknown>)[part];
  }, document);
}

/** Every schema that may hold at a path; several below a union. */
function schemasAt(root: JsonSchema, path: KeyPath): readonly JsonSchema[] {
  return path.reduce<readonly JsonSchema[]>(
    (schemas, part) =>
      schemas.flatMap(branchesOf).flatMap((schema) => {
        // Of a record every value has the one schema.
        const next =
          typeof part === "number"
            ? schema.items
            : (schema.properties?.[part] ?? schema.additionalProperties);
        return typeof next === "object" && !Array.isArray(next) ? [next] : [];
      }),
    [root],
  );
}

function branchesOf(schema: JsonSchema): readonly JsonSchema[] {
  return schema.oneOf ?? schema.anyOf ?? [schema];
}

function keysAt(root: JsonSchema, path: KeyPath): readonly string[] {
  return schemasAt(root, path)
    .flatMap(branchesOf)
    .flatMap((schema) => Object.keys(schema.properties ?? {}));
}

function listKeys(root: JsonSchema): Format["allKeys"] {
  return keysAt(root, []).flatMap((key) => [
    { key, path: [key] },
    ...keysAt(root, [key]).map((below) => ({ key: below, path: [key, below] })),
  ]);
}

export const toComplaints: ToComplaints = createToComplaints(configJsonSchema);
