import type { Json } from "../lib/strict-json.ts";
import { isObject } from "./read-message.ts";

/** An argument that a tool's schema wants in a header as well (`x-mcp-header`). */
export interface Mirrored {
  readonly header: string;
  readonly path: readonly string[];
}

/** Header values by name, unencoded; what is absent or null has no header. */
export function mirrorParams(
  mirrored: readonly Mirrored[],
  args: Json,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const { header, path } of mirrored) {
    const value = valueAt(args, path);
    if (value === undefined || value === null || typeof value === "object") continue;
    headers[header] = String(value);
  }
  return headers;
}

export function valueAt(args: Json, path: readonly string[]): Json | undefined {
  let value: Json | undefined = args;
  for (const step of path)
    value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  return value;
}
