import type { ConfigChange } from "../model/config-change.ts";
import type { Digest } from "../model/index.ts";
import type { Problem } from "../model/problem.ts";

/** The running configuration: one immutable revision, replaced whole or not at all. */
export interface Configuration {
  current(): Revision;
  /** Validates and compares; changes nothing. */
  plan(document: string): Promise<Plan>;
  /**
   * Validates, starts the new revision beside the old one, swaps, stops the old one. `previous`
   * fences: it must be the serving revision; null takes whichever serves. What a running process
   * cannot change (`restart` in the plan) is unstartable.
   */
  apply(document: string, previous: Digest | null): Promise<Applied>;
}

export interface Revision {
  readonly digest: Digest;
  /** The canonical document, secret references and all, values never. */
  readonly bytes: Uint8Array;
  readonly appliedAtMs: number;
}

export type Change = ConfigChange;
export type { Problem };

export type Plan =
  | {
      readonly kind: "valid";
      readonly digest: Digest;
      readonly base: Digest;
      readonly changes: readonly Change[];
    }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

export type Applied =
  | { readonly kind: "applied"; readonly digest: Digest }
  | { readonly kind: "unchanged"; readonly digest: Digest }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] }
  | { readonly kind: "stale"; readonly current: Digest }
  | { readonly kind: "unstartable"; readonly reason: string; readonly current: Digest };
