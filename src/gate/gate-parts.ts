import type { Budgets } from "../ports/budgets.ts";
import type { Approvals } from "../ports/approvals.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { CallRow, CallRows } from "../ports/call-rows.ts";
import type { Clock } from "../ports/clock.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { Freezes } from "../ports/freezes.ts";
import type { Mailbox } from "../ports/mailbox.ts";
import type { Openings } from "../ports/openings.ts";
import type { Sealer } from "../ports/sealer.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { TenantHash } from "../ports/tenant-hash.ts";
import type { createAdmit } from "./admit.ts";
import type { Call } from "./call.ts";
import type { Decide } from "./decide.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Exchange } from "./exchange.ts";
import type { Guard } from "./guard-upstream.ts";
import type { Labels } from "./labels.ts";
import type { Rates } from "./obligations.ts";
import type { Recorder } from "./record.ts";
import type { RequestStates } from "./request-state.ts";
import type { Waiters } from "./waiters.ts";
import type { ResultCache } from "./result-cache.ts";

/** The stages, each made once a revision. */
export interface GateParts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly catalog: () => Catalog;
  readonly sealer: Sealer;
  readonly decide: Decide;
  readonly rates: Rates;
  readonly guard: Guard;
  readonly admit: ReturnType<typeof createAdmit>;
  readonly exchange: Exchange;
  readonly states: RequestStates;
  readonly mailbox: Mailbox;
  readonly owner: string;
  readonly recorder: Recorder;
  readonly deadlines: Deadlines;
  readonly cache: ResultCache;
  readonly labels: Labels;
  readonly freezes: Freezes;
  readonly approvals: Approvals;
  readonly waiters: Waiters;
  readonly calls: Pick<CallRows, "byKey" | "prolong">;
  /** One whose time is over: nobody knows how it ended. False where it has ended after all. */
  readonly giveUpCall: (row: CallRow) => Promise<boolean>;
  /** What became since of what a kept answer says; null: it says all there is. */
  readonly freshen: (call: Call, kept: string) => Promise<GateAnswer | null>;
  readonly openings: Openings;
  readonly hashes: TenantHash;
  /** Null where none are configured. */
  readonly budgets: Budgets | null;
  readonly limits: {
    readonly argumentProblems: number;
    readonly parkMs: number;
    readonly resultBytes: number;
    /** How long a caller's key for a call is remembered. */
    readonly keyMs: number;
  };
}
