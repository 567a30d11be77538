import type { Amounts, Caps } from "../model/budget.ts";
import type { ApprovalId, Digest, Principal, RunId, TenantId } from "../model/index.ts";
import type { ContextSnapshot, RunEvent } from "../model/run-event.ts";
import type { RunQuality } from "../model/run-quality.ts";
import type { RunState } from "../model/run-states.ts";
import type { TraceContext } from "../model/trace-context.ts";
import type { RunCounting, RunCounts, RunQuery, RunRow } from "./run-rows.ts";

/** Runs as their users see them. Whose they are is the tenant's: every lookup names it. */
export interface RunDesk {
  /** `isNew` is false where the key was used for the same before. Throws `key_reused` for another. */
  start(asking: RunAsking): Promise<{ readonly run: RunId; readonly isNew: boolean }>;
  /** What it started under this name; null: nothing. */
  byKey(principal: Principal, key: string): Promise<RunId | null>;
  /** Throws `not_found`. */
  read(tenant: TenantId, run: RunId): Promise<RunReport>;
  list(tenant: TenantId, query: RunQuery): Promise<readonly RunRow[]>;
  count(tenant: TenantId, query: RunCounting): Promise<RunCounts>;
  /** In order, after a sequence. */
  events(
    tenant: TenantId,
    run: RunId,
    page: { readonly after: number; readonly limit: number },
  ): Promise<readonly NumberedEvent[]>;
  /** Resolves when there may be events after `seq`, or the signal fires. Never rejects. */
  changed(run: RunId, seq: number, signal: AbortSignal): Promise<void>;
  /** Texts that events name: what the model said, what a tool answered. Null: gone. */
  content(tenant: TenantId, run: RunId, digest: Digest): Promise<string | null>;
  /** What its model was shown at a step; null: when it was asked last. Throws `not_found`. */
  context(tenant: TenantId, run: RunId, step: number | null): Promise<RunContext>;
  tell(tenant: TenantId, run: RunId, word: RunWord): Promise<void>;
  /** A new run that has the events of this one up to the end of a step, and goes on from there. */
  fork(tenant: TenantId, run: RunId, forking: RunForking): Promise<RunId>;
}

export interface RunAsking {
  readonly principal: Principal;
  readonly roles: readonly string[];
  readonly agent: string;
  readonly input: string;
  /** Lower than the agent's own, never higher; null: the agent's. */
  readonly caps: Caps | null;
  readonly deadlineMs: number | null;
  /** The caller's name for it. */
  readonly key: string | null;
  /** The call of another run that asks for it. */
  readonly parent: {
    readonly run: RunId;
    readonly root: RunId;
    readonly step: number;
    readonly ordinal: number;
  } | null;
  /** The span that it is a part of; absent or null: whoever asks named none. */
  readonly trace?: TraceContext | null;
}

export interface RunForking {
  readonly step: number;
  readonly by: Principal;
  /** Of whoever forks it, as they are now. */
  readonly roles: readonly string[];
}

export type RunWord =
  | { readonly kind: "cancel" | "pause" | "compensate"; readonly by: string }
  | {
      readonly kind: "resume";
      readonly by: string;
      readonly caps: Caps | null;
      readonly maxSteps: number | null;
      readonly deadlineMs: number | null;
    }
  | { readonly kind: "signal"; readonly name: string; readonly payload: string };

export interface NumberedEvent {
  readonly seq: number;
  readonly event: RunEvent;
}

export interface RunReport {
  readonly run: RunId;
  readonly agent: string;
  readonly bundle: Digest;
  /** Whom it acts for. A user and a service may have one name: both say who it is. */
  readonly starter: Pick<Principal, "kind" | "subject">;
  readonly state: RunState;
  readonly head: number;
  readonly parent: RunId | null;
  readonly createdAtMs: number;
  readonly deadlineMs: number | null;
  readonly steps: number;
  readonly maxSteps: number;
  readonly budget: { readonly caps: Caps; readonly spent: Amounts; readonly held: Amounts };
  /** What it waits for. */
  readonly waits: readonly RunWait[];
  /** Why it stopped, failed or was parked. */
  readonly reason: { readonly code: string; readonly detail: string } | null;
  readonly output: string | null;
  /** How well its context served it; null: it has not ended, or before ends were measured. */
  readonly quality: RunQuality | null;
  readonly calls: readonly ReportedCall[];
  readonly children: readonly RunId[];
  /** How often a worker has taken it: at each wake, and over from one that was lost. */
  readonly taken: number;
}

/** One turn's context: what stood in it, where that came from, and what it took of the window. */
export interface RunContext {
  readonly run: RunId;
  readonly step: number;
  readonly atMs: number;
  readonly snapshot: Digest;
  readonly parent: Digest | null;
  /** Tokens that the model takes; null: its bundle is gone. */
  readonly window: number | null;
  /** As we estimate them. */
  readonly tokens: {
    readonly instructions: number;
    /** The list of skills, which stands in the instructions and is counted here alone. */
    readonly skills: number;
    readonly tools: number;
    readonly conversation: number;
    readonly sources: Readonly<Record<string, number>>;
    readonly total: number;
  };
  /** As the backend counted them; null: it has not answered, or did not count. */
  readonly counted: { readonly backend: string; readonly input: number | null } | null;
  readonly parts: readonly ReportedPart[];
  readonly dropped: ContextSnapshot["dropped"];
  /** What stands in the place of all before a step. */
  readonly summary: {
    readonly upTo: number;
    readonly text: string;
    readonly ledger: string;
  } | null;
}

export interface ReportedPart {
  readonly kind: string;
  readonly step: number;
  readonly ordinal: number;
  /** Of a source. */
  readonly name: string | null;
  readonly digest: Digest;
  readonly tokens: number;
  /** It did not stand in the snapshot before. */
  readonly isNew: boolean;
}

export type RunWait =
  | {
      readonly kind: "approval";
      readonly approval: ApprovalId;
      readonly tool: string;
      readonly untilMs: number;
    }
  | { readonly kind: "run"; readonly run: RunId }
  | { readonly kind: "timer" | "credential" | "signal"; readonly untilMs: number | null };

export interface ReportedCall {
  readonly step: number;
  readonly ordinal: number;
  readonly tool: string;
  readonly effect:
    | "read"
    | "write"
    | "destructive"
    | "agent"
    | "wait"
    | "skill"
    | "find"
    | "refused";
  /** `open`: not done, and could be; `waiting`: under way, or for a person. */
  readonly state:
    | "planned"
    | "started"
    | "waiting"
    | "done"
    | "open"
    | "failed"
    | "denied"
    | "unknown";
}
