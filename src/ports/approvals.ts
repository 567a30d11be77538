import type {
  ApprovalId,
  ApprovalRequest,
  ApprovalState,
  Digest,
  FactShown,
  IntentOpening,
  TenantId,
} from "../model/index.ts";

/** People's yes to exact actions: asked for by the gate, given at the desk. Offered by authority. */
export interface Approvals {
  /** Of this very action: the one that is there, else a new one. Throws `approvals_full`. */
  ask(asking: Asking): Promise<Standing>;
  /** Null where there is none of this tenant. */
  read(tenant: TenantId, id: ApprovalId): Promise<Standing | null>;
  /** Resolves once something of it may have changed, and when the signal says so. */
  changed(standing: Standing, signal: AbortSignal): Promise<void>;
  /** The requester's own client has agreed or not, where a rule lets it. */
  answerSelf(standing: Standing, answer: SelfAnswer): Promise<void>;
  /** Whoever asked does not want it any more. */
  withdraw(standing: Standing): Promise<void>;
}

export interface Asking {
  /** All that makes the action what it is, but for what is drawn for each asking. */
  readonly intent: Omit<IntentOpening["intent"], "args" | "notAfterMs">;
  /** Canonical text. */
  readonly args: string;
  readonly claim: string | null;
  /** What it rests on, for whoever decides. Absent: on nothing that is declared. */
  readonly facts?: readonly FactShown[];
  readonly subject: string;
  readonly request: ApprovalRequest;
}

export interface SelfAnswer {
  readonly word: "approved" | "denied";
  readonly subject: string;
}

/** How an approval stands, for whoever asked. */
export interface Standing {
  readonly id: ApprovalId;
  readonly tenant: TenantId;
  readonly state: ApprovalState;
  readonly intent: Digest;
  /** What the intent was made with: whoever makes the same one again takes these. */
  readonly salt: string;
  readonly expiresAtMs: number;
  /** Who was asked to agree. */
  readonly approvers: ApprovalRequest["approvers"];
  /** Where a person decides. */
  readonly url: string;
  /** Whether it waits for the requester's own client, and that can decide it. */
  readonly waitsForSelf: boolean;
  /** Of whoever denied it. */
  readonly reason: string | null;
}
