import { toPrincipalKey, type Decision, type Digest } from "../model/index.ts";
import { NotExact } from "./argument-type.ts";
import { combine } from "./combine.ts";
import { readContext, type ReadContext } from "./context.ts";
import type { Facts } from "./facts.ts";
import type { ContextPath } from "./mentioned-paths.ts";
import { judge, type Asker } from "./judge.ts";
import type { PolicySet, Slice } from "./policy-set.ts";
import type { PolicyTarget } from "./target.ts";

/** A target with its rules at hand: made once, asked on every call. */
export interface Decide {
  (facts: Facts): Decision;
  /** What of the context the rules about this target read. */
  readonly reads: readonly ContextPath[];
}

/** Answers that were given before, for as long as the rules stand. */
export class Memo {
  #young = new Map<string, Decision>();
  #old = new Map<string, Decision>();
  readonly #max: number;
  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): Decision | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** At the bound those that were not asked for lately go, half of them at once. */
  set(key: string, decision: Decision): void {
    if (this.#young.size >= this.#max / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, decision);
  }
}

/** A key as long as a document is kept by nobody. */
const maxKeyLength = 4_096;

export function createDecide(set: PolicySet, target: PolicyTarget, memo: Memo): Decide {
  const slice = set.sliceOf(target);
  const about = toAbout(slice, target);
  const decideOne = (facts: Facts): Decision => {
    const read = tryRead(slice, facts);
    if (read.kind === "deny") return read;
    const key = slice.isLasting ? toKey(about, facts, read) : null;
    const known = key === null ? undefined : memo.get(key);
    if (known !== undefined) return known;
    const decision = Object.freeze(decide(slice, { target, facts, context: read.context }));
    if (key !== null) memo.set(key, decision);
    return decision;
  };
  return Object.assign(decideOne, { reads: slice.reads });
}

/** All of a target: rules may tell any two apart, in their heads or in their conditions. */
function toAbout({ digest }: Slice, target: PolicyTarget): string {
  const { kind, action, id, server, name, effect, outward } = target;
  return JSON.stringify([digest, kind, action, id, server, name, effect, outward]);
}

interface Asked {
  readonly target: PolicyTarget;
  readonly facts: Facts;
  readonly context: ReadContext["context"];
}

function decide(slice: Slice, { target, facts, context }: Asked): Decision {
  const { principal, roles, approved } = facts;
  const ask = (as: Asker["as"]): Decision =>
    judge(slice, { asker: { principal, roles, as }, target, context, approved });
  const subject = ask("subject");
  // An agent never has more rights than whom it acts for, nor more than were given to itself.
  return principal.actor === null ? subject : combine(subject, ask("agent"));
}

type Read = ({ readonly kind: "read" } & ReadContext) | Extract<Decision, { kind: "deny" }>;

function tryRead({ reads, digest }: Slice, facts: Facts): Read {
  try {
    return { kind: "read", ...readContext(reads, facts) };
  } catch (error) {
    if (error instanceof NotExact) return toInexact(digest, error.message);
    throw error;
  }
}

function toInexact(policy: Digest, text: string): Extract<Decision, { kind: "deny" }> {
  return {
    kind: "deny",
    policy,
    reasons: [{ rule: "arguments", text, remedy: "narrow_arguments" }],
  };
}

function toKey(about: string, facts: Facts, { key }: ReadContext): string | null {
  if (key.length > maxKeyLength) return null;
  const { principal, roles, approved } = facts;
  return `${about}\n${toPrincipalKey(principal)}\n${JSON.stringify(roles)}\n${approved}\n${key}`;
}
