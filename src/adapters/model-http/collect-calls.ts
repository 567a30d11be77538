import { parseStrictJson } from "../../lib/strict-json.ts";
import { Fault } from "../../model/index.ts";
import type { CallFlaw, ModelEvent } from "../../ports/model-backend.ts";
import type { CallPart } from "../../ports/model-format.ts";

interface Collected {
  id: string | null;
  name: string | null;
  text: string;
  flaw: CallFlaw | null;
}

export interface CallBounds {
  readonly calls: number;
  /** UTF-16 units of one call's arguments. */
  readonly args: number;
}

/** Puts calls together from their pieces; what is no call in the end is told, and nothing of it hidden. */
export function createCallCollector(bounds: CallBounds, onEvent: (event: ModelEvent) => void) {
  const calls = new Map<number, Collected>();

  function add({ index, id, name, text }: CallPart): void {
    const call = calls.get(index) ?? { id: null, name: null, text: "", flaw: null };
    calls.set(index, call);
    if (calls.size > bounds.calls) {
      throw new Fault("upstream_garbled", `An answer has more than ${bounds.calls} calls.`);
    }
    // Some servers say id and name once, others with every piece.
    if (isOther(call.id, id) || isOther(call.name, name)) call.flaw = "mixed";
    call.id ??= id;
    call.name ??= name;
    if (call.text.length + text.length > bounds.args) call.flaw = "too_large";
    else call.text += text;
    onEvent({ kind: "call_delta", index, id: call.id, name: call.name, text });
  }

  function finish(): void {
    const ids = new Set<string>();
    for (const index of [...calls.keys()].toSorted((one, other) => one - other)) {
      const { id, name, text, flaw } = calls.get(index)!;
      const args = text.trim() === "" ? "{}" : text;
      const reason = flaw ?? findFlaw({ id, name, args }, ids);
      if (reason !== null) onEvent({ kind: "call_refused", index, id, name, text, reason });
      else onEvent({ kind: "call", index, call: { id: id!, name: name!, args } });
      if (id !== null) ids.add(id);
    }
  }

  return { add, finish };
}

function isOther(before: string | null, now: string | null): boolean {
  return before !== null && now !== null && before !== now;
}

interface Whole {
  readonly id: string | null;
  readonly name: string | null;
  readonly args: string;
}

/** Results are matched to calls by id: of two calls with one id, the later could not be answered. */
function findFlaw({ id, name, args }: Whole, ids: ReadonlySet<string>): CallFlaw | null {
  if (id === null || name === null) return "unnamed";
  if (ids.has(id)) return "duplicate_id";
  const read = parseStrictJson(args);
  if (read.kind === "refused") return "not_json";
  const isObject =
    typeof read.value === "object" && read.value !== null && !Array.isArray(read.value);
  return isObject ? null : "not_object";
}
