import { closest } from "../../lib/closest.ts";
import { toPointer, type Json } from "../../lib/strict-json.ts";
import type { ParameterProblem } from "./parameter-checks.ts";
import type { ParameterType, ParameterTypes } from "../../model/parameter-types.ts";
import { toSegments } from "./places.ts";
import { step, typesOf } from "./schema-walk.ts";
import { quote, toList } from "./spelling.ts";

/**
 * What is wrong with the declared types of a tool, held against its input schema: a pointer that
 * leads nowhere would check nothing, for ever, and nobody would notice.
 */
export function checkDeclaration(
  types: ParameterTypes,
  inputSchema: Json,
): readonly ParameterProblem[] {
  return Object.entries(types).flatMap(([pointer, type]) => {
    const message = findWrong(toSegments(pointer), type, inputSchema);
    return message === null ? [] : [{ pointer, message }];
  });
}

function findWrong(segments: readonly string[], type: ParameterType, root: Json): string | null {
  let schemas: readonly Json[] = [root];
  for (const [at, segment] of segments.entries()) {
    const next = step(root, schemas, segment);
    if (next.schemas.length === 0 && next.isOpen) return null;
    if (next.schemas.length === 0) {
      const isList = typesOf(root, schemas)?.has("array") === true && segment !== "*";
      return describeNowhere(segments, { at, names: next.names, isList });
    }
    // What an open object may hold besides is not known, and so not wrong.
    schemas = next.isOpen ? [...next.schemas, true] : next.schemas;
  }
  const types = typesOf(root, schemas);
  const wanted = takes(type);
  if (types === null || wanted.some((each) => types.has(each))) return null;
  const isList = types.has("array");
  const hint = isList ? `; write ${toPointer(segments)}/* for its items` : "";
  return `is ${toList([...types])} in the tool's input schema, and ${type.type} needs ${toList(wanted)}${hint}`;
}

function takes({ type }: ParameterType): readonly string[] {
  return type === "email" || type === "command" ? ["string", "array"] : ["string"];
}

function describeNowhere(
  segments: readonly string[],
  { at, names, isList }: { at: number; names: readonly string[]; isList: boolean },
): string {
  const before = segments.slice(0, at);
  const segment = segments[at]!;
  const rest = segments.slice(at + 1);
  const meant = isList ? null : closest(segment, names);
  const suggested = isList
    ? toPointer([...before, "*", segment, ...rest])
    : meant === null
      ? null
      : toPointer([...before, meant, ...rest]);
  const place = before.length === 0 ? "the tool's input schema" : `its ${toPointer(before)}`;
  const known = names.length === 0 ? "" : `; there are ${toList(names.map((name) => quote(name)))}`;
  const hint = suggested === null ? known : `; did you mean ${suggested}?`;
  return `leads nowhere: ${place} has no ${quote(segment)}${hint}`;
}
