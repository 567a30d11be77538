import { Ajv } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { isObject } from "../mcp/read-message.ts";
import type { Json } from "../lib/strict-json.ts";
import { weighPattern } from "./pattern-cost.ts";
import { findTooMuch } from "./schema-cost.ts";
import type { ArgumentCheck, ArgumentProblem, ResultCheck } from "../ports/catalog.ts";

export type SchemaRefusal = { readonly kind: "refused"; readonly reason: string };
export type CompiledInput =
  | { readonly kind: "compiled"; readonly check: ArgumentCheck }
  | SchemaRefusal;
export type CompiledOutput =
  | { readonly kind: "compiled"; readonly check: ResultCheck }
  | SchemaRefusal;

/** Compiled once a definition. Nothing is fetched: a `$ref` to elsewhere refuses the schema. */
export function compileInput(schema: Json): CompiledInput {
  const isFilling = hasDefaults(schema);
  const compiled = compile(schema, { useDefaults: isFilling });
  if (compiled.kind === "refused") return compiled;
  const { validate } = compiled;
  if (!isFilling) return { kind: "compiled", check: (args) => toVerdict(validate, args) };
  let plain: Compiled | null = null;
  return {
    kind: "compiled",
    check: (args) => {
      const filled = structuredClone(args);
      const verdict = toVerdict(validate, filled);
      const isFilled = JSON.stringify(filled) !== JSON.stringify(args);
      if (verdict.kind === "valid") return isFilled ? { kind: "valid", filled } : valid;
      if (!isFilled) return verdict;
      // A default that does not fit its own schema must not make a call wrong that is right without.
      plain ??= compile(schema, { useDefaults: false });
      return plain.kind === "refused" ? verdict : toVerdict(plain.validate, args);
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
    // Not what every object inherits: a parameter may be called constructor.
    ownProperties: true,
    code: { regExp: toBoundedPattern },
    ...options,
  } as const;
  const Dialect = toDialect(schema["$schema"]);
  if (Dialect === null) return { kind: "refused", reason: "the schema is of an unknown dialect" };
  try {
    const ajv = new Dialect(common);
    formats.default(ajv);
    const { $schema: _dialect, $id: _id, ...rest } = schema;
    return { kind: "compiled", validate: ajv.compile(rest) };
  } catch (error) {
    const why = error instanceof Error ? error.message : "unknown";
    return { kind: "refused", reason: `the schema cannot be used: ${why.slice(0, 200)}` };
  }
}

/** The same words mean different things in different dialects. */
function toDialect(name: Json | undefined) {
  if (name === undefined) return Ajv2020;
  if (typeof name !== "string") return null;
  if (/draft-0[4-7]/.test(name)) return Ajv;
  if (name.includes("2019-09")) return Ajv2019;
  return name.includes("2020-12") ? Ajv2020 : null;
}

/** A text that is longer than its pattern can be tried on does not fit it. */
const toBoundedPattern = Object.assign(
  (pattern: string, flags: string) => {
    const expression = new RegExp(pattern, flags);
    const cost = weighPattern(pattern);
    const maxLength = cost.kind === "bounded" ? cost.maxLength : 0;
    return {
      test: (text: string) => text.length <= maxLength && expression.test(text),
      // What is compiled for one pattern is found again by this.
      toString: () => expression.toString(),
    };
  },
  { code: "new RegExp" },
);

function hasDefaults(schema: Json): boolean {
  if (typeof schema !== "object" || schema === null) return false;
  if (Array.isArray(schema)) return schema.some(hasDefaults);
  return Object.entries(schema).some(
    ([key, value]) => (key === "default" && value !== undefined) || hasDefaults(value),
  );
}
