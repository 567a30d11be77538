import type { Json } from "../lib/strict-json.ts";
import { outcomeKey } from "../mcp/own-outcome.ts";
import { isObject } from "../mcp/read-message.ts";
import type { Decision } from "../model/index.ts";
import type { CatalogToolset } from "../ports/catalog.ts";
import type { UpstreamAnswer } from "../ports/upstream.ts";
import type { GateAnswer, OwnOutcomeName } from "../ports/gate.ts";
import type { Call } from "./call.ts";

/** What the gate says there is the gate's alone: a server that says it as well is not repeated. */
export function withoutOutcome(said: UpstreamAnswer): UpstreamAnswer {
  if (said.kind === "error") return said;
  const meta = said.value["_meta"];
  if (!isObject(meta) || !Object.hasOwn(meta, outcomeKey)) return said;
  const { [outcomeKey]: _, ...own } = meta;
  const value = { ...said.value, _meta: own };
  return { ...said, value, text: JSON.stringify(value) };
}

/** The server's bytes, with the members in front that the native protocol asks for and they lack. */
export function renderResult(
  call: Call,
  answer: Extract<UpstreamAnswer, { kind: "result" }>,
): GateAnswer {
  const { text, value } = answer;
  let lacking = value["resultType"] === undefined ? '"resultType":"complete"' : "";
  if (call.method === "resources/read") {
    if (value["ttlMs"] === undefined) lacking += ',"ttlMs":0';
    if (value["cacheScope"] === undefined) lacking += ',"cacheScope":"private"';
  }
  return { kind: "result", text: prepend(text, lacking), isError: value["isError"] === true };
}

/** `text` is an object's; members that begin with a comma or not, put before its first. */
function prepend(text: string, members: string): string {
  if (members === "") return text;
  const clean = members.startsWith(",") ? members.slice(1) : members;
  const isEmpty = /^\{\s*\}$/.test(text);
  return `{${clean}${isEmpty ? "" : ","}${text.slice(1)}`;
}

export function renderAsks(
  inputRequests: Readonly<Record<string, Json>>,
  state: string | null,
): GateAnswer {
  const result = {
    resultType: "input_required",
    inputRequests,
    ...(state === null ? {} : { requestState: state }),
  };
  return { kind: "result", text: JSON.stringify(result), isError: false };
}

export interface OwnOutcome {
  readonly message: string;
  readonly outcome: Readonly<Record<string, Json>> & { readonly outcome: OwnOutcomeName };
  /** Of the error that says it where a result cannot. */
  readonly code: number;
}

/** What the gate itself says became of a call: words for the model, and the same for machines. */
export function renderOutcome(call: Call, { message, outcome, code }: OwnOutcome): GateAnswer {
  if (call.tool === null) return { kind: "error", error: { code, message, data: outcome } };
  const result = {
    resultType: "complete",
    content: [{ type: "text", text: message }],
    isError: true,
    _meta: { [outcomeKey]: outcome },
  };
  return { kind: "result", text: JSON.stringify(result), isError: true, outcome: outcome.outcome };
}

/**
 * A denial is told to the model as the outcome of its call, so that it can do something else; other
 * methods have no such place and get an error.
 */
export function renderRefusal(
  call: Call,
  decision: Exclude<Decision, { kind: "allow" }>,
  reveal: CatalogToolset["reveal"],
): GateAnswer {
  const { message, outcome } = reveal === "hide" ? hidden : explain(decision);
  return renderOutcome(call, { message, outcome, code: deniedCode });
}

/** The call was made, and what it gave is not shown: told where a denial is told. */
export function renderWithheld(
  call: Call,
  { rule, why }: { readonly rule: string | null; readonly why: string },
): GateAnswer {
  const by = rule === null ? "a rule" : `rule ${rule}`;
  const message = `The call was made. Its result is withheld, because ${by} asks for something to be taken out of it and ${why}.`;
  const outcome = { outcome: "withheld", rule, remedy: null } as const;
  return renderOutcome(call, { message, outcome, code: withheldCode });
}

/** Where a toolset says so, a caller learns that it was denied and nothing of the rules. */
const hidden = {
  message: "Denied by policy.",
  outcome: { outcome: "denied", rule: null, remedy: null },
} as const;

function explain(decision: Exclude<Decision, { kind: "allow" }>) {
  const [reason] = decision.reasons;
  const rule = reason?.rule ?? "none";
  const text = reason?.text ?? "no rule allows it";
  const isAsk = decision.kind === "ask";
  const message = isAsk
    ? `Not done: a person has to approve it, by rule ${rule}: ${text}`
    : `Denied by rule ${rule}: ${text}`;
  const remedy = reason?.remedy ?? null;
  const kind = isAsk ? "asks" : "denied";
  return { message, outcome: { outcome: kind, rule, remedy } } as const;
}

// Outside the range that JSON-RPC and the protocol keep for themselves.
export const deniedCode = 4_030;
const withheldCode = 4_031;
