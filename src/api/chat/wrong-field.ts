import { isObject } from "../../mcp/read-message.ts";
import type { Json } from "../../lib/strict-json.ts";
import { Fault } from "../../model/index.ts";

export type Members = { readonly [key: string]: Json };

/** A request that cannot be carried out as it is meant; the format names the place as `param`. */
export function wrongField(param: string, message: string): Fault {
  return new Fault("request_invalid", `${param} ${message}`, { details: { param } });
}

export function toMembers(value: Json | undefined, param: string): Members {
  if (isObject(value)) return value;
  throw wrongField(param, "takes an object.");
}

export function toList(value: Json | undefined, param: string, most: number): readonly Json[] {
  if (!Array.isArray(value)) throw wrongField(param, "takes a list.");
  const list = value as readonly Json[];
  if (list.length > most) throw wrongField(param, `takes at most ${most}.`);
  return list;
}

export function toText(value: Json | undefined, param: string, most: number): string {
  if (typeof value !== "string" || value === "") throw wrongField(param, "takes a text.");
  if (value.length > most) throw wrongField(param, `takes at most ${most} characters.`);
  return value;
}

export interface Allowed {
  readonly taken: readonly string[];
  /** Say nothing that would change an answer. */
  readonly ignored: readonly string[];
}

/** Null is the same as absent, as with everybody who speaks the format. */
export function refuseOthers(members: Members, place: string, allowed: Allowed): void {
  const { taken, ignored } = allowed;
  for (const [name, value] of Object.entries(members)) {
    if (value === null || taken.includes(name) || ignored.includes(name)) continue;
    throw wrongField(`${place}${name.slice(0, 64)}`, "is not something that can be carried here.");
  }
}
