import { modernVersion } from "../mcp/protocol.ts";
import { readOwnOutcome, toHandedText } from "../mcp/own-outcome.ts";
import { RpcRefusal } from "../mcp/rpc-error.ts";
import { Fault } from "../model/index.ts";
import type { GateAnswer, GateRequest } from "../ports/gate.ts";
import type { FactSource } from "./fact-source.ts";
import { StopRun } from "./hold.ts";
import { inTime, LeftBehind } from "./in-time.ts";
import { toEffect, toToolset } from "./offered-tools.ts";
import { toRunFacts } from "./run-facts.ts";
import { toPlainWords } from "./to-result.ts";
import type { CallView } from "./view.ts";
import type { Work } from "./worker.ts";

export type ReadAgain =
  | { readonly kind: "answered"; readonly text: string }
  /** `isPassing`: another try may mend it. */
  | { readonly kind: "failed"; readonly why: string; readonly isPassing: boolean };

/** An effect waits for none of its facts longer than that. */
const longestReadMs = 30_000;

/** The same call of the same tool, through the gate; null: the run is cut, and nobody wants to know. */
export async function readAgain(
  work: Work,
  call: CallView,
  source: FactSource,
): Promise<ReadAgain | null> {
  const { options, cut, built } = work;
  const { effect, why } = toEffect(source.tool, built.bundle, options.catalog());
  if (effect !== "read") {
    const words = why ?? `${source.tool} does more than read by now.`;
    return { kind: "failed", why: words, isPassing: false };
  }
  if (cut.aborted) return null;
  const cancel = new AbortController();
  const onCut = (): void => cancel.abort(cut.reason);
  cut.addEventListener("abort", onCut, { once: true });
  try {
    const request = toRequest(work, call, { source, cancel });
    const deadlineMs = options.clock.nowMs() + request.deadlineMs;
    const bounds = { clock: options.clock, cut, deadlineMs };
    return toRead(await inTime(bounds, () => options.gate.exchange(request)));
  } catch (error) {
    cancel.abort(error);
    return cut.aborted ? null : toFailure(error);
  } finally {
    cut.removeEventListener("abort", onCut);
  }
}

interface Requesting {
  readonly source: FactSource;
  readonly cancel: AbortController;
}

function toRequest(work: Work, call: CallView, { source, cancel }: Requesting): GateRequest {
  const { options, journal, built, run } = work;
  const { view } = journal;
  const { principal, roles, root } = view.created;
  const { deadlineMs } = view;
  const { step, ordinal } = call;
  const leftMs = deadlineMs === null ? longestReadMs : deadlineMs - options.clock.nowMs();
  const bundled = built.bundle.tools.find(({ exposed }) => exposed === source.tool);
  return {
    principal,
    roles,
    toolset: toToolset(built.bundle, source.tool),
    context: root,
    method: "tools/call",
    params: { name: source.tool, arguments: source.given },
    argumentsText: source.text,
    client: { era: "modern", version: modernVersion, capabilities: {}, ask: null },
    cancel,
    deadlineMs: Math.max(1, Math.min(leftMs, longestReadMs)),
    onNotification: () => undefined,
    run: {
      run,
      step,
      ordinal,
      facts: toRunFacts(view, call),
      isSource: true,
      isFresh: true,
      previous: () => journal.view.leaf,
      pin: bundled?.pin ?? null,
      rules: built.rules,
      commit: () => Promise.reject(new Error("a fact was read again with an effect")),
    },
  };
}

function toRead(answer: GateAnswer): ReadAgain {
  const text = toHandedText(answer);
  if (answer.kind === "error") return { kind: "failed", why: text, isPassing: true };
  const own = readOwnOutcome(answer);
  const why = toPlainWords(text);
  // What the gate says no to, it says no to again.
  if (own !== null) return { kind: "failed", why, isPassing: own.outcome === "consent" };
  if (answer.isError) return { kind: "failed", why, isPassing: true };
  return { kind: "answered", text };
}

/** What another try of the whole call may mend, and whoever lost the run. */
const notTheReads = new Set(["store_unavailable", "draining", "run_taken", "freeze_unknown"]);

function toFailure(error: unknown): ReadAgain {
  if (error instanceof LeftBehind)
    return { kind: "failed", why: "It did not answer in time.", isPassing: true };
  if (error instanceof RpcRefusal) return { kind: "failed", why: error.message, isPassing: false };
  if (!(error instanceof Fault) || notTheReads.has(error.code)) throw error;
  const { kind } = error.details;
  if (error.code === "frozen" && (kind === "agent" || kind === "tenant" || kind === "all"))
    throw new StopRun("frozen", error.message);
  const isPassing = error.code !== "frozen" && error.code !== "tool_blocked";
  return { kind: "failed", why: error.message, isPassing };
}
