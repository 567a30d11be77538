import { Fault } from "../model/index.ts";
import { unknownUsage } from "../model/model-usage.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import type { Completing } from "./completing.ts";
import type { Listening } from "./listening.ts";
import type { CompletionEnd } from "./record-completion.ts";

/** Nothing was begun, so nothing is owed; of everything else nobody knows. */
const wasNotTaken: ReadonlySet<string> = new Set([
  "model_busy",
  "model_unavailable",
  "model_refused",
  "price_unknown",
  "credential_refused",
  "credential_rejected",
  "payload_too_large",
  "request_invalid",
]);

interface Failing {
  readonly asking: Completing;
  readonly said: Listening;
  readonly scan: LeakScan;
}

export function isFreeOf({ code, details }: Fault): boolean {
  return wasNotTaken.has(code) && details["isOwed"] !== true;
}

export function toFailed(error: unknown, { asking, said, scan }: Failing): CompletionEnd {
  const isCut = asking.signal.aborted || said.stopped.aborted;
  const isRefused = error instanceof Fault && isFreeOf(error);
  const isFree = !isCut && !said.hasBegun && !said.mayOwe && isRefused;
  const { backend } = said;
  return {
    kind: isCut ? "cut" : "failed",
    error: toTold(error, { backend, scan, isFree }),
    isFree,
    backend,
    usage: unknownUsage,
    cost: null,
  };
}

interface Telling {
  readonly backend: string | null;
  readonly scan: LeakScan;
  readonly isFree: boolean;
}

/** Whoever asks models is told the names of backends, and neither where they are nor what they must not say. */
export function toTold(error: unknown, { backend, scan, isFree }: Telling): unknown {
  if (!(error instanceof Fault)) return error;
  const { code, message, details } = error;
  const { host } = details;
  const without =
    typeof host === "string" ? message.replaceAll(host, backend ?? "a backend") : message;
  const told = { ...details, host: undefined, isOwed: !isFree };
  return new Fault(code, scan.redact(without), { cause: error, details: told });
}
