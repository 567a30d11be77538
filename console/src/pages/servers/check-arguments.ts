import type { Json } from "../../../../src/lib/strict-json.ts";
import { isObject } from "./schema-form.ts";

export interface WrongArgument {
  /** JSON Pointer. */
  readonly pointer: string;
  readonly message: string;
}

const mostFound = 20;
const deepest = 64;

/**
 * What is plainly wrong by a schema, before it is sent. Less than the gate looks at: it says no to
 * nothing that the gate would take, and the gate checks all of it.
 */
export function checkArguments(schema: unknown, value: Json): readonly WrongArgument[] {
  const found: WrongArgument[] = [];
  check({ schema, value, pointer: "", depth: 0 }, found);
  return found.slice(0, mostFound);
}

interface Checked {
  readonly schema: unknown;
  readonly value: Json;
  readonly pointer: string;
  readonly depth: number;
}

function check(checked: Checked, found: WrongArgument[]): void {
  const { schema, value, pointer, depth } = checked;
  if (!isObject(schema) || depth > deepest || found.length >= mostFound) return;
  const say = (message: string): void => void found.push({ pointer, message });
  const types = [schema["type"] ?? []].flat().filter((type) => typeof type === "string");
  if (types.length > 0 && !types.some((type) => isOfType(type, value)))
    return say(`takes ${types.join(" or ")}`);
  const listed = schema["enum"];
  if (Array.isArray(listed) && !listed.some((each) => same(each as Json, value)))
    return say(`takes one of ${listed.map((each) => JSON.stringify(each)).join(", ")}`);
  if (isObject(value)) checkMembers({ ...checked, schema, value }, found);
  const { items } = schema;
  if (Array.isArray(value) && isObject(items)) {
    for (const [index, item] of (value as readonly Json[]).entries())
      check(
        { schema: items, value: item, pointer: `${pointer}/${index}`, depth: depth + 1 },
        found,
      );
  }
}

interface CheckedObject extends Checked {
  readonly schema: Readonly<Record<string, Json>>;
  readonly value: Readonly<Record<string, Json>>;
}

function checkMembers({ schema, value, pointer, depth }: CheckedObject, found: WrongArgument[]) {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? (schema["required"] as readonly Json[]) : [];
  for (const name of required) {
    if (typeof name === "string" && !Object.hasOwn(value, name))
      found.push({ pointer: `${pointer}/${escape(name)}`, message: "is required" });
  }
  for (const [name, member] of Object.entries(value)) {
    const place = `${pointer}/${escape(name)}`;
    if (Object.hasOwn(properties, name))
      check({ schema: properties[name], value: member, pointer: place, depth: depth + 1 }, found);
    else if (schema["additionalProperties"] === false && !("patternProperties" in schema))
      found.push({ pointer: place, message: "is no argument of this tool" });
  }
}

function isOfType(type: string, value: Json): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "null") return value === null;
  if (type === "object") return isObject(value);
  return typeof value === type;
}

const same = (one: Json, other: Json): boolean => JSON.stringify(one) === JSON.stringify(other);
const escape = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");
