import { hash } from "node:crypto";
import { toCanonicalText } from "./canonical.ts";
import type { Principal } from "./principal.ts";

/**
 * Whose memory a caller reads and writes: that of a shared agent, or else the one of its subject, apart
 * for each agent that acts for it. Nothing that a caller sends is in it.
 */
export function toMemoryScope(
  { kind, subject, actor }: Principal,
  shared: readonly string[],
): string {
  const agent = actor?.agent ?? null;
  if (agent !== null && shared.includes(agent)) return `agent:${agent}`;
  // Names may be long, and need not be read there.
  return `subject:${hash("sha256", toCanonicalText({ agent, kind, subject }), "hex")}`;
}
