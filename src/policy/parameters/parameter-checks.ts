import type { Json } from "../../lib/strict-json.ts";
import { compileCommandCheck } from "./check-command.ts";
import { compileEmailCheck } from "./check-email.ts";
import { compileHostCheck } from "./check-host.ts";
import { compilePathCheck } from "./check-path.ts";
import { compileSqlCheck } from "./check-sql.ts";
import type { ParameterType, ParameterTypes } from "../../model/parameter-types.ts";
import { findPlaces, toSegments } from "./places.ts";
import type { ValueCheck } from "./spelling.ts";

/** As in the catalog: JSON Pointer into the arguments, and the end of a sentence about that place. */
export interface ParameterProblem {
  readonly pointer: string;
  readonly message: string;
}
export type ParameterCheck = (args: Json) => readonly ParameterProblem[];

// Of one call, over all its declared types: some milliseconds of the cheap checks, and about a
// hundred of the dearest SQL.
const maxPlaces = 1_000;
const maxText = 131_072;
// As many as the gate can use; more only repeat it.
const maxProblems = 100;

/** Compiled once a definition; where a type is SQL, `loadSqlParser` came before. */
export function compileParameterChecks(types: ParameterTypes): ParameterCheck {
  const checks = Object.entries(types).map(([pointer, type]) => ({
    pointer,
    segments: toSegments(pointer),
    check: compileCheck(type),
  }));
  if (checks.length === 0) return () => none;
  return (args) => {
    const problems: ParameterProblem[] = [];
    let [places, text] = [0, 0];
    for (const { pointer, segments, check } of checks) {
      for (const place of findPlaces(args, segments)) {
        places += 1;
        text += place.kind === "value" ? textLength(place.value) : 0;
        if (places > maxPlaces || text > maxText)
          return [...problems, { pointer: toHolder(pointer), message: tooMuch }];
        const message = place.kind === "misfit" ? place.message : check(place.value);
        if (message !== null) problems.push({ pointer: place.pointer, message });
        if (problems.length >= maxProblems) return problems;
      }
    }
    return problems;
  };
}

const none: readonly ParameterProblem[] = Object.freeze([]);
const tooMuch = `holds more than can be checked: ${maxPlaces} values or ${maxText} characters in all`;

function compileCheck(type: ParameterType): ValueCheck<Json> {
  switch (type.type) {
    case "path":
      return onText(compilePathCheck(type));
    case "host":
      return onText(compileHostCheck(type));
    case "sql":
      return onText(compileSqlCheck(type));
    case "email":
      return compileEmailCheck(type);
    case "command":
      return compileCommandCheck(type);
  }
}

function onText(check: ValueCheck<string>): ValueCheck<Json> {
  return (value) => (typeof value === "string" ? check(value) : "is not text");
}

function textLength(value: Json): number {
  if (typeof value === "string") return value.length;
  if (!Array.isArray(value)) return 0;
  // The items' own bound is in the check; here a list of them is not walked twice.
  const items = (value as readonly Json[]).slice(0, 256);
  return items.reduce<number>((sum, item) => sum + (typeof item === "string" ? item.length : 0), 0);
}

/** What holds the many: `/files` of `/files/*`. */
function toHolder(pointer: string): string {
  return pointer.replace(/\/\*.*$/, "");
}
