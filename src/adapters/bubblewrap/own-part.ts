import { fileURLToPath } from "node:url";
import type { Placed } from "./arguments.ts";

/** Programs of ours that run in a sandbox. */
type OwnPart = "boot" | "canary";

const isBuilt = import.meta.url.endsWith(".js");

/** By a name that tells Node what it is: no package.json is seen beside it. */
export const toOwnPath = (part: OwnPart): string =>
  `/run/sandbox/${part}.${isBuilt ? "mjs" : "mts"}`;

export function placeOwnPart(part: OwnPart): Placed {
  const file = new URL(`./${part}.${isBuilt ? "js" : "ts"}`, import.meta.url);
  return { kind: "bind", source: fileURLToPath(file), path: toOwnPath(part) };
}
