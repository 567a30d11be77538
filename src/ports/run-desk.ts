import type { Amounts, Caps } from "../model/budget.ts";
import type { ApprovalId, Digest, Principal, RunId, TenantId } from "../model/index.ts";
import type { RunEvent } from "../model/run-event.ts";
import type { RunState } from "../model/run-states.ts";
import type { RunQuery, RunRow } from "./run-rows.ts";

/** Runs as their users see them. Whose they are is the tenant's: every lookup names it. */
export interface RunDesk {
  /** `isNew` is false where the key was used for the same before. Throws `key_reused` for another. */
  start(asking: RunAsking): Promise<{ readonly run: RunId; readonly isNew: boolean }>;
  /** Throws `not_found`. */
  read(tenant: TenantId, run: RunId): Promise<RunReport>;
  list(tenant: TenantId, query: RunQuery): Promise<readonly RunRow[]>;
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
  readonly calls: readonly ReportedCall[];
  readonly children: readonly RunId[];
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
  readonly effect: "read" | "write" | "destructive" | "agent" | "wait" | "skill" | "find" | "refused";
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
