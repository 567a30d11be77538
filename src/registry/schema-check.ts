import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { Ajv } from "ajv";
import formats from "ajv-formats";
import { isObject } from "../mcp/read-message.ts";
import type { Json } from "../lib/strict-json.ts";
import type { ArgumentCheck, ArgumentProblem, ResultCheck } from "../ports/catalog.ts";

/** Larger or deeper schemas than any tool in use; compiling them is what a hostile server would want. */
const bounds = { bytes: 256 * 1024, depth: 64, nodes: 20_000, pattern: 512 };

export type SchemaRefusal = { readonly kind: "refused"; readonly reason: string };
export type CompiledInput =
  | { readonly kind: "compiled"; readonly check: ArgumentCheck }
  | SchemaRefusal;
export type CompiledOutput =
  | { readonly kind: "compiled"; readonly check: ResultCheck }
  | SchemaRefusal;

/** Compiled once a definition. Nothing is fetched: a `$ref` to elsewhere refuses the schema. */
export function compileInput(schema: Json): CompiledInput {
  const plain = compile(schema, { useDefaults: false });
  if (plain.kind === "refused") return plain;
  if (!hasDefaults(schema))
    return { kind: "compiled", check: (args) => toVerdict(plain.validate, args) };
  const filling = compile(schema, { useDefaults: true });
  if (filling.kind === "refused") return filling;
  return {
    kind: "compiled",
    check: (args) => {
      const filled = structuredClone(args);
      const verdict = toVerdict(filling.validate, filled);
      if (verdict.kind === "invalid" || JSON.stringify(filled) === JSON.stringify(args))
        return verdict;
      return { kind: "valid", filled };
    },
  };
}

export function compileOutput(schema: Json): CompiledOutput {
  const plain = compile(schema, { useDefaults: false });
  if (plain.kind === "refused") return plain;
  return {
    kind: "compiled",
    check: (structured) =>
      plain.validate(structured) ? [] : (plain.validate.errors ?? []).map(toProblem),
  };
}

const valid = Object.freeze({ kind: "valid", filled: null });

function toVerdict(validate: ValidateFunction, args: Json): ReturnType<ArgumentCheck> {
  if (validate(args)) return valid;
  return { kind: "invalid", problems: (validate.errors ?? []).slice(0, 100).map(toProblem) };
}

/** Ajv's words name places and limits of the schema, never a value that was given. */
function toProblem({ instancePath, message, keyword, params }: ErrorObject): ArgumentProblem {
  const extra =
    keyword === "additionalProperties"
      ? ` (${String(params["additionalProperty"]).slice(0, 64)})`
      : "";
  return { pointer: instancePath, message: `${message ?? "does not fit"}${extra}` };
}

type Compiled = { readonly kind: "compiled"; readonly validate: ValidateFunction } | SchemaRefusal;

function compile(schema: Json, options: { readonly useDefaults: boolean }): Compiled {
  if (!isObject(schema)) return { kind: "refused", reason: "the schema is not an object" };
  const reason = findTooMuch(schema);
  if (reason !== null) return { kind: "refused", reason };
  const common = {
    strict: false,
    allErrors: true,
    validateFormats: true,
    logger: false,
    ...options,
  } as const;
  const dialect = schema["$schema"];
  const isOld = typeof dialect === "string" && /draft-0[4-7]/.test(dialect);
  if (
    typeof dialect === "string" &&
    !isOld &&
    !dialect.includes("2020-12") &&
    !dialect.includes("2019-09")
  ) {
    return { kind: "refused", reason: "the schema is of an unknown dialect" };
  }
  try {
    const ajv = isOld ? new Ajv(common) : new Ajv2020(common);
    formats.default(ajv);
    const { $schema: _dialect, $id: _id, ...rest } = schema;
    return { kind: "compiled", validate: ajv.compile(rest) };
  } catch (error) {
    const why = error instanceof Error ? error.message : "unknown";
    return { kind: "refused", reason: `the schema cannot be used: ${why.slice(0, 200)}` };
  }
}

/** What would take too long to compile or to match; null: nothing. */
function findTooMuch(schema: Json): string | null {
  if (JSON.stringify(schema).length > bounds.bytes) return "the schema is too large";
  let nodes = 0;
  function walk(value: Json, depth: number, key: string): string | null {
    nodes += 1;
    if (depth > bounds.depth) return "the schema is nested too deep";
    if (nodes > bounds.nodes) return "the schema has too many parts";
    if (key === "pattern" && typeof value === "string" && isCostly(value))
      return "the schema has a pattern that may never end";
    if (typeof value !== "object" || value === null) return null;
    for (const [name, inner] of Object.entries(value)) {
      const found =
        walk(inner, depth + 1, name) ??
        (key === "patternProperties" && isCostly(name)
          ? "the schema has a pattern that may never end"
          : null);
      if (found !== null) return found;
    }
    return null;
  }
  return walk(schema, 0, "");
}

/** A repeated group that repeats inside, or one that repeats alternatives, can take exponential time. */
function isCostly(pattern: string): boolean {
  return (
    pattern.length > bounds.pattern ||
    /\([^()]*[+*}|][^()]*\)[+*{]/.test(pattern) ||
    /\\[1-9]/.test(pattern)
  );
}

function hasDefaults(schema: Json): boolean {
  if (typeof schema !== "object" || schema === null) return false;
  if (Array.isArray(schema)) return schema.some(hasDefaults);
  return Object.entries(schema).some(
    ([key, value]) => (key === "default" && value !== undefined) || hasDefaults(value),
  );
}
