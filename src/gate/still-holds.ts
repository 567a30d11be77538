import type { Intent } from "../model/index.ts";
import type { Catalog } from "../ports/catalog.ts";

/** Whether what an intent names can still be done as it says: its tool is there, as it was pinned. */
export function stillHolds(
  { servers, toolsets }: Catalog,
  intent: Pick<Intent, "server" | "target" | "definition">,
): boolean {
  const { server, target, definition } = intent;
  if (!servers.has(server)) return false;
  if (definition === null) return true;
  for (const { tools } of toolsets.values())
    for (const tool of tools.values())
      if (tool.server === server && tool.name === target)
        return tool.acting === definition && tool.blocked === null;
  return false;
}
