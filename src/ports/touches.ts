import type { Digest, RunId, TenantId } from "../model/index.ts";

/**
 * Things that calls change, by keyed hashes of what tools declare: who changes one now, and when it was
 * changed last. Runs and other clients are told apart by nothing else.
 */
export interface Touches {
  /**
   * Takes all of the things or none: refused with one that another call has, as long as that call may
   * still be sent. What is left of a call whose time passed counts as changed until then.
   */
  begin(touching: Touching): Promise<"begun" | TouchRow>;
  /** The same call may be sent for longer. */
  prolong(touching: Pick<Touching, "tenant" | "keys" | "hold">, untilMs: number): Promise<void>;
  /** `changedAtMs`: whatever became of it, it may have changed them; null: it certainly did not. */
  end(touching: Ending, changedAtMs: number | null): Promise<void>;
  /** Those of which anything is known, in no order. */
  read(tenant: TenantId, keys: readonly Digest[]): Promise<readonly TouchRow[]>;
  /** Removes at most `limit` that nobody has touched since, and returns how many. */
  sweep(beforeMs: number, limit: number): Promise<number>;
}

type Ending = Pick<Touching, "tenant" | "keys" | "hold" | "run">;

/** Replicas' clocks differ by less: a change that seems a little older may be newer, a call still under way. */
export const clockSkewMs = 2_000;

export interface Touching {
  readonly tenant: TenantId;
  /** At most 32, each once. */
  readonly keys: readonly Digest[];
  /**
   * Names the call: the same one may begin again, and then has them in place of the one before. What
   * that one may have done counts as a change until its time was over.
   */
  readonly by: string;
  /** Names this beginning of it: what an earlier one lets go, or prolongs, is not this one's. */
  readonly hold: string;
  /** Null: whoever calls is no run. */
  readonly run: RunId | null;
  /** Nothing of the call is sent from here on. */
  readonly untilMs: number;
  readonly nowMs: number;
}

/** The same call of a run, whichever worker makes it. */
export function toToucher({ run, step, ordinal }: Place): string {
  return `run:${run}/${step}/${ordinal}`;
}

interface Place {
  readonly run: RunId;
  readonly step: number;
  readonly ordinal: number;
}

export interface TouchRow {
  readonly key: Digest;
  /** When it was changed last, or may have been, and by which run; null: never, as far as is known. */
  readonly changed: { readonly atMs: number; readonly run: RunId | null } | null;
  /** The call that has it, until its time is over; null: none. */
  readonly open: {
    readonly by: string;
    readonly run: RunId | null;
    readonly untilMs: number;
  } | null;
}
