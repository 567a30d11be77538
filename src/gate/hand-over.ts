import type { Catalog } from "../ports/catalog.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { UpstreamAnswer } from "../ports/upstream.ts";
import type { Decision } from "../model/index.ts";
import type { Call, DecidedCall } from "./call.ts";
import { toRedactions, type Redaction } from "./obligations.ts";
import { redactAnswer } from "./redact.ts";
import { renderResult, renderWithheld, withoutOutcome } from "./render.ts";
import { resolveToolset } from "./resolve.ts";

export interface HandOverParts {
  readonly telemetry: Telemetry;
  readonly catalog: () => Catalog;
}

/** What the caller gets, and what its entry says of that. */
export interface HandedOver {
  readonly answer: GateAnswer;
  /** What is committed to; null for an error. */
  readonly result: string | null;
  readonly redacted: readonly string[] | undefined;
  readonly isWithheld: boolean;
}

/** What the server said, without what the rules or known secrets take out of it. */
export function handOver(
  parts: HandOverParts,
  call: DecidedCall,
  given: UpstreamAnswer,
): HandedOver {
  const said = withoutOutcome(given);
  const redactions = toRedactions(call.decision);
  if (redactions.length > 0) return handOverRedacted(parts, call, { said, redactions });
  const redacted = toNames(none, said);
  return said.kind === "error"
    ? { answer: toError(said), result: null, redacted, isWithheld: false }
    : { answer: renderResult(call, said), result: said.text, redacted, isWithheld: false };
}

interface Owed {
  readonly said: UpstreamAnswer;
  readonly redactions: readonly Redaction[];
}

function handOverRedacted(
  parts: HandOverParts,
  call: Call,
  { said, redactions }: Owed,
): HandedOver {
  const pointers = redactions.flatMap((each) => each.pointers);
  const outcome = redactAnswer(said, call.method, pointers);
  const redacted = toNames(redactions, said);
  parts.telemetry.count("gate_redactions", { outcome: outcome.kind });
  if (outcome.kind === "withheld") return withhold(parts, call, { why: outcome.why, redacted });
  const { answer } = outcome;
  if (answer.kind === "error")
    return { answer: toError(answer), result: null, redacted, isWithheld: false };
  return { answer: renderResult(call, answer), result: answer.text, redacted, isWithheld: false };
}

/** A question of the server holds its words, too. */
export function withholdQuestion(parts: HandOverParts, call: DecidedCall): HandedOver | null {
  const redactions = toRedactions(call.decision);
  if (redactions.length === 0) return null;
  parts.telemetry.count("gate_redactions", { outcome: "withheld" });
  const why = "the server asks for something";
  return withhold(parts, call, { why, redacted: redactions.map(({ rule }) => rule) });
}

/** A call that the rules may yet allow, and what they owe for it. */
export type Owing = Call & { readonly decision: Exclude<Decision, { kind: "deny" }> };

/** What a call that had waited, or was made before, ends with under the decision of whoever asks now. */
export function redactAgain(parts: HandOverParts, call: Owing, given: GateAnswer): GateAnswer {
  const redactions = toRedactions(call.decision);
  const isOwn = given.kind === "result" && given.outcome !== undefined;
  if (redactions.length === 0 || isOwn) return given;
  const said: UpstreamAnswer =
    given.kind === "error"
      ? given
      : { kind: "result", text: given.text, value: JSON.parse(given.text) as ResultValue };
  return handOverRedacted(parts, call, { said, redactions }).answer;
}

type ResultValue = Extract<UpstreamAnswer, { kind: "result" }>["value"];

interface Withheld {
  readonly why: string;
  readonly redacted: readonly string[] | undefined;
}

function withhold(parts: HandOverParts, call: Call, { why, redacted }: Withheld): HandedOver {
  const rule = revealsRules(parts, call) ? (redacted?.[0] ?? null) : null;
  const answer = renderWithheld(call, { rule, why });
  const result = answer.kind === "result" ? answer.text : null;
  return { answer, result, redacted, isWithheld: true };
}

function revealsRules({ catalog }: HandOverParts, { request }: Call): boolean {
  try {
    return resolveToolset(catalog(), request).reveal === "explain";
  } catch {
    // A revision that began meanwhile has no such toolset any more.
    return false;
  }
}

function toError({ error }: Extract<UpstreamAnswer, { kind: "error" }>): GateAnswer {
  return { kind: "error", error };
}

const none: readonly Redaction[] = Object.freeze([]);
/** As many as an entry takes. */
const maxNames = 100;

function toNames(redactions: readonly Redaction[], { leaked }: UpstreamAnswer) {
  if (redactions.length === 0 && leaked === undefined) return undefined;
  const names = [
    ...redactions.map(({ rule }) => rule),
    ...(leaked ?? []).map((name) => `secret:${name}`.slice(0, 256)),
  ];
  return [...new Set(names)].slice(0, maxNames);
}
