import type { Json } from "../../lib/strict-json.ts";

/** An approval as the API shows it to whoever decides. */
export interface Shown {
  readonly id: string;
  readonly digest: string;
  readonly state: "pending" | "approved" | "denied" | "expired" | "consumed" | "voided";
  readonly server: string;
  readonly tool: string | null;
  readonly method: string;
  readonly target: string;
  readonly toolset: string;
  readonly effect: "read" | "write" | "destructive";
  readonly outward: boolean;
  readonly labels: readonly string[];
  readonly description: string | null;
  readonly rules: readonly { readonly rule: string; readonly text: string }[];
  readonly approvers: readonly ShownApprover[];
  readonly requester: {
    readonly kind: string;
    readonly subject: string;
    readonly agent: string | null;
  };
  readonly claim: string | null;
  readonly args: Json | null;
  readonly lastApproved: {
    readonly id: string;
    readonly at: string;
    readonly args: Json | null;
  } | null;
  readonly reach: {
    readonly transport: string;
    readonly hosts: readonly string[];
    readonly credential: string | null;
  } | null;
  readonly verdicts: readonly ShownVerdict[];
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly holds: boolean;
  readonly erased: boolean;
}

export interface ShownApprover {
  readonly who: string;
  readonly quorum: number;
  readonly passkey: boolean;
  readonly have: number;
}

export interface ShownVerdict {
  readonly word: "approved" | "denied";
  readonly approver: string | null;
  readonly reason: string | null;
  readonly at: string;
  readonly passkey: boolean;
}

export interface ShownPage {
  readonly approvals: readonly Shown[];
  readonly seen: string;
}
