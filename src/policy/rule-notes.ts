import { z } from "zod";
import { closest } from "../lib/closest.ts";
import { parseDuration } from "../model/duration.ts";
import type { Obligation } from "../model/index.ts";

/** What a forbid asks of people before it gives way. */
export interface Ask {
  readonly text: string;
  readonly approvers: { readonly who: string; readonly quorum: number; readonly passkey: boolean };
}

/** What the annotations of a rule say. */
export interface RuleNotes {
  readonly id: string | null;
  readonly reason: string | null;
  readonly remedy: string | null;
  /** A forbid that gives way to an approval, or to an obligation that the gate carries out. */
  readonly gives: { readonly to: "approval"; readonly ask: Ask } | GivesToObligation | null;
}
interface GivesToObligation {
  readonly to: "obligation";
  readonly obligation: Obligation;
}

const known = [
  "id",
  "reason",
  "remedy",
  "ask",
  "approvers",
  "quorum",
  "passkey",
  "obligation",
] as const;
const idShape = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/;
/** A role, one subject, or the caller's own client. */
const whoShape = /^(?:self|role:[A-Za-z0-9._-]{1,128}|[a-z]+:[^\s\p{Cc}]{1,200})$/u;

/** Reads annotations strictly: one that nobody knows is a slip that could cost the rule its meaning. */
export function readRuleNotes(
  annotations: Readonly<Record<string, string>>,
  effect: "permit" | "forbid",
): { readonly notes: RuleNotes; readonly problems: readonly string[] } {
  const problems: string[] = [];
  for (const name of Object.keys(annotations)) {
    if (known.some((each) => each === name)) continue;
    const meant = closest(name, known);
    problems.push(`@${name} is no annotation${meant === null ? "" : `; did you mean @${meant}?`}`);
  }
  const { id = null, reason = null, remedy = null } = annotations;
  if (id !== null && !idShape.test(id))
    problems.push("@id takes letters, digits, dots, dashes, slashes");
  for (const [name, value] of Object.entries({ reason, remedy }))
    if (value !== null && value.length > 1_000) problems.push(`@${name} is longer than 1000`);
  return {
    notes: { id, reason, remedy, gives: readGives(annotations, effect, problems) },
    problems,
  };
}

function readGives(
  annotations: Readonly<Record<string, string>>,
  effect: "permit" | "forbid",
  problems: string[],
): RuleNotes["gives"] {
  const { ask, obligation, approvers, quorum, passkey } = annotations;
  if (ask === undefined && obligation === undefined) {
    for (const [name, value] of Object.entries({ approvers, quorum, passkey }))
      if (value !== undefined) problems.push(`@${name} goes with @ask`);
    return null;
  }
  if (effect === "permit") problems.push("@ask and @obligation stand on a forbid");
  if (ask !== undefined && obligation !== undefined)
    problems.push("a rule has @ask or @obligation, not both");
  if (ask === undefined) return readObligation(obligation!, problems);
  return { to: "approval", ask: readAsk({ ...annotations, ask }, problems) };
}

function readAsk(
  annotations: Readonly<Record<string, string>> & { readonly ask: string },
  problems: string[],
): Ask {
  const { ask, approvers = "role:approver", quorum = "1", passkey = "optional" } = annotations;
  if (ask.length > 1_000) problems.push("@ask is longer than 1000");
  if (!whoShape.test(approvers))
    problems.push('@approvers takes "role:NAME", "user:SUBJECT" or "self"');
  if (!/^[1-9]$|^10$/.test(quorum)) problems.push("@quorum takes a number from 1 to 10");
  if (passkey !== "required" && passkey !== "optional")
    problems.push('@passkey takes "required" or "optional"');
  if (approvers === "self" && quorum !== "1") problems.push("@quorum of self is 1");
  if (approvers === "self" && passkey === "required")
    problems.push("@passkey is not for self: the caller's own client has none");
  return {
    text: ask,
    approvers: { who: approvers, quorum: Number(quorum), passkey: passkey === "required" },
  };
}

const notObligation =
  '@obligation takes "redact /pointer …", "rate 10/1m", "sandbox T2" or "egress host:port …"';

function readObligation(text: string, problems: string[]): GivesToObligation | null {
  const obligation = parseObligation(text);
  if (obligation !== null) return { to: "obligation", obligation };
  problems.push(notObligation);
  return null;
}

/** `redact /card`, as the annotation says it; null for what is none. */
export function parseObligation(text: string): Obligation | null {
  const [kind, ...words] = text.split(/\s+/);
  return toObligation(kind, words);
}

const pointerSchema = z
  .string()
  .regex(/^(?:\/(?:[^~/]|~[01])*)+$/)
  .max(1_024);
const hostSchema = z.string().regex(/^[a-z0-9.-]{1,253}(?::\d{1,5})?$/);

function toObligation(kind: string | undefined, words: readonly string[]): Obligation | null {
  const [first = "", ...more] = words;
  switch (kind) {
    case "redact": {
      const pointers = pointerSchema.array().min(1).max(100).safeParse(words);
      return pointers.success ? { kind, pointers: pointers.data } : null;
    }
    case "rate": {
      const [, calls, per] = /^([1-9]\d{0,6})\/(\w+)$/.exec(first) ?? [];
      const perMs = per === undefined ? null : parseDuration(per);
      if (calls === undefined || perMs === null || perMs < 1 || more.length > 0) return null;
      return { kind, calls: Number(calls), perMs };
    }
    case "sandbox": {
      const tier = z.enum(["T0", "T1", "T2", "T3"]).safeParse(first);
      return tier.success && more.length === 0 ? { kind, tier: tier.data } : null;
    }
    case "egress": {
      const hosts = hostSchema.array().min(1).max(1_000).safeParse(words);
      return hosts.success ? { kind, hosts: hosts.data } : null;
    }
    default:
      return null;
  }
}
