import type { GateAnswer, OwnOutcomeName } from "../ports/gate.ts";
import { isObject } from "./read-message.ts";

/** Where the gate says what became of a call, beside what the server said. */
export const outcomeKey = "dev.countersign/outcome";

/** What the gate itself said of a call. */
export interface ReadOutcome {
  readonly outcome: OwnOutcomeName;
  /** What a person decides, or has decided. */
  readonly approval?: string;
  readonly expiresAtMs?: number;
  /** Where a person goes. */
  readonly url?: string;
  /** The entry of the call's intent, where nobody knows how it ended. */
  readonly call?: string;
}

/** Null: it is the server's own answer, whatever that says. */
export function readOwnOutcome(answer: GateAnswer): ReadOutcome | null {
  if (answer.kind !== "result" || answer.outcome === undefined) return null;
  const { outcome } = answer;
  const said = toSaid(JSON.parse(answer.text));
  const { approval, url, call, expiresAt } = said;
  const expiresAtMs = typeof expiresAt === "string" ? Date.parse(expiresAt) : Number.NaN;
  return {
    outcome,
    ...(typeof approval === "string" ? { approval } : {}),
    ...(Number.isNaN(expiresAtMs) ? {} : { expiresAtMs }),
    ...(typeof url === "string" ? { url } : {}),
    ...(typeof call === "string" ? { call } : {}),
  };
}

function toSaid(result: unknown): Readonly<Record<string, unknown>> {
  const meta = isObject(result) ? result["_meta"] : undefined;
  const said = isObject(meta) ? meta[outcomeKey] : undefined;
  return isObject(said) ? said : {};
}

/** The words of an answer: what is kept of it, and what a model reads. */
export function toHandedText(answer: GateAnswer): string {
  return answer.kind === "result" ? answer.text : answer.error.message;
}
