import type { Tier } from "./sandbox.ts";

/** What a place for programs is good for. Policy reads it as `context.sandbox`, and `sandbox probe` shows it. */
export interface TierTraits {
  /** What stands between the program and the host. */
  readonly isolation: "nothing" | "engine" | "namespaces" | "user-space kernel" | "machine";
  /** Which kernel answers its system calls; `none`: it makes no such calls. */
  readonly kernel: "none" | "host" | "own";
  /** A cold start, roughly, where the machine is not busy and helps as it can. */
  readonly startMs: number;
  /** How many calls a second it is good for. */
  readonly volume: "high" | "medium" | "low";
  /** Whether code that nobody has read may run there. */
  readonly untrustedCode: boolean;
}

/** The decision table: everything that says which tier is enough for what is read from here. */
export const tierTraits: Readonly<Record<Tier | "none", TierTraits>> = Object.freeze({
  none: {
    isolation: "nothing",
    kernel: "host",
    startMs: 5,
    volume: "high",
    untrustedCode: false,
  },
  // Computes and nothing else: there are no files and no network that it could ask for.
  T0: { isolation: "engine", kernel: "none", startMs: 200, volume: "medium", untrustedCode: true },
  T1: {
    isolation: "namespaces",
    kernel: "host",
    startMs: 20,
    volume: "high",
    untrustedCode: false,
  },
  T2: {
    isolation: "user-space kernel",
    kernel: "own",
    startMs: 300,
    volume: "medium",
    untrustedCode: true,
  },
  T3: { isolation: "machine", kernel: "own", startMs: 1_000, volume: "low", untrustedCode: true },
});

/** Who wrote a program, and who has read it since. */
export type TrustClass = "first-party" | "reviewed" | "model-written";

export interface TrustedTiers {
  /** Where nothing is said. */
  readonly usual: Tier;
  /** The weakest that may be said, which is a decision of its own. */
  readonly least: Tier;
}

export const tiersOfTrust: Readonly<Record<TrustClass, TrustedTiers>> = Object.freeze({
  "first-party": { usual: "T1", least: "T1" },
  reviewed: { usual: "T2", least: "T1" },
  "model-written": { usual: "T3", least: "T2" },
});

/** What policy is told of where a call is carried out. */
export interface SandboxFacts extends TierTraits {
  readonly tier: Tier | "none";
}

export function toSandboxFacts(tier: Tier | "none"): SandboxFacts {
  return facts[tier];
}

/** Asked for on the hot path. */
const facts = Object.freeze({
  none: { tier: "none", ...tierTraits.none },
  T0: { tier: "T0", ...tierTraits.T0 },
  T1: { tier: "T1", ...tierTraits.T1 },
  T2: { tier: "T2", ...tierTraits.T2 },
  T3: { tier: "T3", ...tierTraits.T3 },
} as const satisfies Record<Tier | "none", SandboxFacts>);
