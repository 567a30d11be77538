import type { EntryId } from "../model/index.ts";
import { toEntryTraceId } from "../model/trace-context.ts";
import type { CatalogTool } from "../ports/catalog.ts";
import { toSafeText } from "../ports/log-line.ts";
import type { DecidedCall } from "./call.ts";
import { readTrace } from "./entry-text.ts";
import type { Outcome } from "./outcome.ts";

export interface CallLogOptions {
  /** Takes a line; null: nobody reads lines of this level. */
  readonly line: () => ((line: string) => void) | null;
  readonly which: () => "all" | "errors" | "none";
  /** Whether calls that named no trace are sent somewhere in one of their own. */
  readonly isTraced: () => boolean;
  /** Takes known secrets out. */
  readonly redact: (text: string) => string;
}

/** The entry that tells of the outcome. */
export interface Told {
  readonly id: EntryId;
  readonly atMs: number;
}

const nothing = "0".repeat(32);
/** More callers than one process serves at a time; then it starts anew. */
const maxSubjects = 10_000;

/**
 * One line for each call of a tool that has ended: who called what, what came of it and where its entry is. No
 * argument and no result is in it; `intent` is salted, so that nobody finds out by guessing. The text is put
 * together here, since it is written for every call: what comes from outside was made safe once, and the rest
 * are numbers, ids and words of ours.
 */
export function createCallLog({ line, which, isTraced, redact }: CallLogOptions) {
  const names = createNames(redact);
  let second = { atMs: Number.NaN, text: "" };

  /**
   * Days and minutes are written once a second: most calls are in the one of the call before. Names are looked at
   * anew with it, since a secret that they hold may be known only by now.
   */
  function toTime(atMs: number): string {
    const since = atMs - second.atMs;
    if (!(since >= 0 && since < 1_000)) {
      const startMs = atMs - (atMs % 1_000);
      second = { atMs: startMs, text: new Date(startMs).toISOString().slice(0, -4) };
      names.forget();
    }
    const ms = atMs - second.atMs;
    return `${second.text}${ms < 10 ? "00" : ms < 100 ? "0" : ""}${ms}Z`;
  }

  return (ended: Outcome, { id, atMs }: Told): void => {
    const { call, outcome, reason } = ended;
    if (call.tool === null) return;
    const isError = outcome !== "answered";
    const asked = which();
    if (asked === "none" || (asked === "errors" && !isError)) return;
    const write = line();
    if (write === null) return;
    const { principal, run } = call.request;
    const { actor } = principal;
    const bytes = ended.result === null ? null : Buffer.byteLength(ended.result);
    // What was refused for a secret that it held may hold it here as well.
    const named = reason === "leak" ? null : readTrace(call.forwarded["traceparent"]);
    // All zeroes name nothing: it is sent in a trace of its own.
    const trace =
      (named === nothing ? null : named) ??
      (run === undefined && isTraced() ? toEntryTraceId(id) : null);
    write(
      `{"time":"${toTime(atMs)}","level":"info","message":"call",${names.toTool(call.tool, call.method)}` +
        `,"outcome":"${outcome}","decision":"${toDecision(ended)}","isError":${isError}` +
        `,"reason":${reason === null ? "null" : toSafeText(reason)}` +
        `,"tookMs":${(ended.queuedUs + ended.upstreamUs) / 1_000},"resultBytes":${bytes}` +
        `,"intent":"${ended.intent.digest}","tenant":"${principal.tenant}"` +
        `,"subject":${names.toSubject(principal.subject)},"agent":${actor === null ? "null" : names.toSubject(actor.agent)}` +
        `,"run":${run === undefined ? "null" : `"${run.run}"`}` +
        `,"trace":${trace === null ? "null" : `"${trace}"`},"call":"${ended.of ?? id}","entry":"${id}"}`,
    );
  };
}

/** Names as values in a line, each looked at once until they are forgotten. */
function createNames(redact: CallLogOptions["redact"]) {
  let tools = new WeakMap<CatalogTool, string>();
  const subjects = new Map<string, string>();
  return {
    toTool(tool: CatalogTool, method: string): string {
      const known = tools.get(tool);
      if (known !== undefined) return known;
      const name = toSafeText(redact(tool.name));
      const text = `"server":${toSafeText(tool.server)},"tool":${name},"method":${toSafeText(method)}`;
      tools.set(tool, text);
      return text;
    },
    toSubject(subject: string): string {
      const known = subjects.get(subject);
      if (known !== undefined) return known;
      if (subjects.size >= maxSubjects) subjects.clear();
      const text = toSafeText(redact(subject));
      subjects.set(subject, text);
      return text;
    },
    forget(): void {
      tools = new WeakMap();
      subjects.clear();
    },
  };
}

/** What the rules said: a person's no is one to what they asked. */
function toDecision({ call, outcome, reason }: Outcome): "allow" | "ask" | "deny" {
  if ("decision" in call) return (call as DecidedCall).approval === null ? "allow" : "ask";
  return outcome === "expired" || reason?.startsWith("approval:") === true ? "ask" : "deny";
}
