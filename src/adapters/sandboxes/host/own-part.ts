import { fileURLToPath } from "node:url";
import type { Placed } from "./placed.ts";

const isBuilt = import.meta.url.endsWith(".js");

/** Where a program of ours is in a sandbox. Its name tells Node what it is: no package.json is seen beside it. */
export const toOwnPath = (part: string): string =>
  `/run/sandbox/${part}.${isBuilt ? "mjs" : "mts"}`;

/** It lies beside the module that asks for it, and imports nothing of ours. */
export function placeOwnPart(part: string, beside: string): Placed {
  const file = new URL(`./${part}.${isBuilt ? "js" : "ts"}`, beside);
  return { kind: "bind", source: fileURLToPath(file), path: toOwnPath(part) };
}
