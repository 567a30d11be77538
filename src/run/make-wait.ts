import { parseStrictJson } from "../lib/strict-json.ts";
import { endCall, noteDeferred } from "./end-call.ts";
import type { CallView } from "./view.ts";
import { readWaiting } from "./wait-tools.ts";
import type { Work } from "./worker.ts";

/** A call that waits: put off first, and answered once its time is over. A signal answers it before. */
export async function makeWait(work: Work, call: CallView, args: string): Promise<void> {
  const { clock } = work.options;
  if (call.state.kind === "deferred") {
    const isTimer = call.state.for === "timer";
    const text = isTimer ? "The time is over." : "No such signal came in this time.";
    return endCall(work, call, { outcome: "answered", text, isFree: true });
  }
  const parsed = parseStrictJson(args);
  const waiting = parsed.kind === "refused" ? parsed.reason : readWaiting(call.tool, parsed.value);
  if (typeof waiting === "string")
    return endCall(work, call, { outcome: "tool_error", text: waiting, isFree: true });
  const { for: what, name, waitMs } = waiting;
  const untilMs = clock.nowMs() + waitMs;
  return noteDeferred(work, call, { for: what, approval: null, name, untilMs });
}
