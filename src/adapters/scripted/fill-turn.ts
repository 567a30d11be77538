import type { ScriptTurn } from "../../model/model-script.ts";
import { fillReferences, type ScriptResult } from "../../model/script-reference.ts";

export type FilledTurn =
  | { readonly kind: "filled"; readonly turn: ScriptTurn }
  | { readonly kind: "missing"; readonly why: string };

/** A turn with the values that its references find in the results so far. */
export function fillTurn(turn: ScriptTurn, results: readonly ScriptResult[]): FilledTurn {
  const said = fillReferences(turn.say, results);
  if (said.kind === "missing") return said;
  if (typeof said.value === "object") {
    return { kind: "missing", why: `${turn.say} finds nothing that can be said.` };
  }
  const calls: ScriptTurn["calls"] = [];
  for (const { tool, args } of turn.calls) {
    const filled = fillReferences(args, results);
    if (filled.kind === "missing") return filled;
    // Its own references are values of an object, so it stays one.
    calls.push({ tool, args: filled.value as typeof args });
  }
  return { kind: "filled", turn: { ...turn, say: String(said.value), calls } };
}
