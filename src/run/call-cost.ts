import type { Amounts } from "../model/budget.ts";
import { findTool } from "./offered-tools.ts";
import type { CallView } from "./view.ts";
import type { Work } from "./worker.ts";

/** What it costs is known beforehand: it is one call, and has a price or none. */
export function costOf({ options, built }: Work, call: Pick<CallView, "tool">): Amounts {
  const tool = findTool(built.bundle, options.catalog(), call.tool);
  return { micros: tool?.config.price ?? 0, tokens: 0, calls: 1 };
}
