import { parsePointer } from "./exact-json.ts";
import type { Json } from "./strict-json.ts";

/** What stands at a JSON Pointer (RFC 6901); undefined where nothing does. */
export function readPointer(document: Json, pointer: string): Json | undefined {
  return parsePointer(pointer).reduce<Json | undefined>((value, part) => {
    if (Array.isArray(value)) {
      const items = value as readonly Json[];
      return /^(0|[1-9]\d*)$/.test(part) ? items[Number(part)] : undefined;
    }
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part))
      return undefined;
    return (value as { readonly [key: string]: Json })[part];
  }, document);
}
