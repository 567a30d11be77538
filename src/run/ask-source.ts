import { modernVersion } from "../mcp/protocol.ts";
import { readOwnOutcome, toHandedText } from "../mcp/own-outcome.ts";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal } from "../mcp/rpc-error.ts";
import { Fault } from "../model/index.ts";
import type { ContextSource } from "../model/agent-context.ts";
import { maxCallsPerTurn } from "../model/run-event.ts";
import type { GateAnswer, GateRequest } from "../ports/gate.ts";
import { asSaid } from "./content-kinds.ts";
import { StopRun } from "./hold.ts";
import { inTime, LeftBehind } from "./in-time.ts";
import { findSource, type AskedSource, type FoundSource } from "./find-source.ts";
import { toServersWords, unavailable, type Said } from "./source-text.ts";
import { toPlainWords } from "./to-result.ts";
import type { Work } from "./worker.ts";

export interface AskingSource {
  readonly source: AskedSource;
  /** Its place in the bundle. */
  readonly index: number;
  /** Tools that are asked beside it and stand before it: rules that count count them, too. */
  readonly ahead: number;
}

/** A turn waits for no source longer than that. */
const longestReadMs = 10_000;

/** Asked through the gate, as the calls of the run are; null: the run is cut, and nobody wants to know. */
export async function askSource(work: Work, asking: AskingSource): Promise<Said | null> {
  const { options, cut, built } = work;
  const found = findSource(built.bundle, options.catalog(), asking.source);
  if ("why" in found) return unavailable(found.why);
  const cancel = new AbortController();
  const onCut = (): void => cancel.abort(cut.reason);
  if (cut.aborted) return null;
  cut.addEventListener("abort", onCut, { once: true });
  try {
    const request = await toRequest(work, { ...asking, found, cancel });
    const deadlineMs = options.clock.nowMs() + request.deadlineMs;
    const bounds = { clock: options.clock, cut, deadlineMs, graceMs: 0 };
    const answer = await inTime(bounds, () => options.gate.exchange(request));
    return toSaid(asking.source, answer);
  } catch (error) {
    cancel.abort(error);
    return cut.aborted ? null : toWhyNot(error);
  } finally {
    cut.removeEventListener("abort", onCut);
  }
}

interface Requesting extends AskingSource {
  readonly found: FoundSource;
  readonly cancel: AbortController;
}

async function toRequest(
  work: Work,
  { source, index, ahead, found, cancel }: Requesting,
): Promise<GateRequest> {
  const { options, journal, built, run } = work;
  const { view } = journal;
  const { principal, roles, root } = view.created;
  const { step, deadlineMs } = view;
  const { spent } = view.budget;
  const leftMs = deadlineMs === null ? longestReadMs : deadlineMs - options.clock.nowMs();
  const args = source.kind === "tool" ? await toArgs(work, source) : toPromptArgs(source);
  const argumentsText = args === null ? null : JSON.stringify(args);
  return {
    principal,
    roles,
    toolset: found.toolset,
    context: root,
    method: found.method,
    params: { ...found.params, ...(args === null ? {} : { arguments: args }) },
    argumentsText,
    client: { era: "modern", version: modernVersion, capabilities: {}, ask: null },
    cancel,
    deadlineMs: Math.max(1, Math.min(leftMs, longestReadMs)),
    onNotification: () => undefined,
    run: {
      run,
      step,
      // Behind every call that the step may have: no two have one place.
      ordinal: maxCallsPerTurn + index,
      facts: { step, calls: spent.calls + ahead, spentMicros: spent.micros },
      isSource: true,
      previous: () => journal.view.leaf,
      pin: found.pin,
      rules: built.rules,
      commit: () => Promise.reject(new Error("a source was read with an effect")),
    },
  };
}

type Pointed = Extract<ContextSource, { kind: "tool" }>;

/** What is taken from the run is its own: whom it acts for, and what it was asked. */
async function toArgs({ journal, contents }: Work, { args, from }: Pointed) {
  const { created } = journal.view;
  const { principal } = created;
  const pointers = Object.entries(from);
  const isAsked = pointers.some(([, pointer]) => pointer === "/input");
  const [input] = isAsked ? await contents.read([created.input]) : [];
  const known: Readonly<Record<string, string>> = {
    "/principal/subject": principal.subject,
    "/principal/kind": principal.kind,
    "/tenant": principal.tenant,
    ...(input === undefined ? {} : { "/input": asSaid(input).text }),
  };
  const taken = pointers.map(([name, pointer]) => {
    const value = known[pointer];
    if (value === undefined) throw new Error(`a source points to ${pointer}`);
    return [name, value] as const;
  });
  return Object.fromEntries([...Object.entries(args), ...taken]);
}

function toPromptArgs(source: AskedSource): Readonly<Record<string, string>> | null {
  if (source.kind !== "prompt" || Object.keys(source.args).length === 0) return null;
  return source.args;
}

const consent = "Somebody has to agree first to what its server needs: countersign connect.";

function toSaid(source: AskedSource, answer: GateAnswer): Said {
  if (answer.kind === "error") {
    const { message, data } = answer.error;
    const outcome = isObject(data) ? data["outcome"] : undefined;
    return unavailable(outcome === "consent" ? consent : message);
  }
  const own = readOwnOutcome(answer);
  // A page is for people: its address is nothing for a model.
  if (own?.outcome === "consent") return unavailable(consent);
  if (own !== null || answer.isError) return unavailable(toPlainWords(toHandedText(answer)));
  return toServersWords(source, answer.text);
}

/** What another try of the whole turn may mend, and whoever lost the run. */
const notTheSources = new Set(["store_unavailable", "draining", "run_taken"]);

function toWhyNot(error: unknown): Said {
  if (error instanceof LeftBehind) return unavailable(late);
  if (error instanceof RpcRefusal) return unavailable(error.message);
  if (!(error instanceof Fault) || notTheSources.has(error.code)) throw error;
  const { kind } = error.details;
  if (error.code === "frozen" && (kind === "agent" || kind === "tenant" || kind === "all"))
    throw new StopRun("frozen", error.message);
  return unavailable(error.code === "deadline_exceeded" ? late : error.message);
}

const late = "It did not answer in time.";
