import { findTool } from "./offered-tools.ts";
import type { CallView } from "./view.ts";
import type { Work } from "./worker.ts";

/**
 * `new`: certainly not carried out so far. `doubt`: it may have been, and would be sent again with its
 * key. `settled`: the gate says what came of it, and sends nothing.
 */
export type Standing = "new" | "doubt" | "settled";

export async function standingOf(
  { options, tenant, built }: Work,
  { entry, tool }: CallView,
): Promise<Standing> {
  if (entry === null) return "new";
  const row = await options.store.calls.get(tenant, entry);
  if (row?.state === "failed") return "new";
  if (row?.state === "done") return "settled";
  const { config } = findTool(built.bundle, options.catalog(), tool) ?? {};
  return config?.idempotencyKey === undefined ? "settled" : "doubt";
}
