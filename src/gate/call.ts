import type { SandboxStamp } from "../model/sandbox.ts";
import type { Json } from "../lib/strict-json.ts";
import type { ApprovalId, Decision, Digest, EntryId } from "../model/index.ts";
import type { CatalogServer, CatalogTool, Effect } from "../ports/catalog.ts";
import type { GateRequest } from "../ports/gate.ts";
import type { CallLife } from "./call-life.ts";
import type { OwnMeta } from "./own-meta.ts";
import type { Words } from "./words.ts";

/** A request that was resolved and validated: it names one server and says exactly what is sent. */
export interface Call {
  readonly request: GateRequest;
  readonly server: CatalogServer;
  /** Null for prompts, resources and completions. */
  readonly tool: CatalogTool | null;
  readonly method: string;
  readonly kind: "Tool" | "Prompt" | "Resource";
  /** The server's own name of the tool or prompt, or the URI. */
  readonly target: string;
  readonly effect: Effect;
  readonly idempotent: boolean;
  /** Whether what goes in may leave the house. */
  readonly outward: boolean;
  /** Validated, with defaults filled in: what is decided on. */
  readonly args: Json;
  /** `args` as canonical text: what is hashed. */
  readonly canonical: string;
  /** The members of `params` that are sent: the bytes that came, or canonical ones once filled. */
  readonly members: string;
  /** Of the client's `_meta`, what goes upstream. */
  readonly forwarded: Readonly<Record<string, Json>>;
  readonly mirrored: Readonly<Record<string, string>>;
  readonly own: OwnMeta;
  /** How long it may take, from its start or from when a person agreed. */
  readonly withinMs: number;
  readonly notAfterMs: number;
  /** Monotonic, at the start of the call. */
  readonly startedMs: number;
}

declare const decided: unique symbol;
declare const admitted: unique symbol;

/** I1: made by `decide` alone, and admitted by `admit` alone; dispatch takes nothing else. */
export interface DecidedCall extends Call {
  readonly [decided]: true;
  readonly decision: Extract<Decision, { kind: "allow" }>;
  readonly intent: IntentOfCall;
  /** What it uses up, or used up before its server asked back. Null: nobody had to agree. */
  readonly approval: ApprovalOfCall | null;
  /** For a key of the caller's, and for what goes on once: made with no other call. */
  readonly claims: CallClaim | null;
}

export interface ApprovalOfCall {
  readonly id: ApprovalId;
  /** It was used by the call that this one continues. */
  readonly isUsed: boolean;
  /** From where the call goes on, once: its beginning, or the last time that its server asked. */
  readonly round: string;
}

export interface CallClaim {
  readonly hash: Digest;
  readonly fingerprint: Digest;
  readonly expiresAtMs: number;
  /** The call with this key of which nobody knows how it ended: this one makes it again. */
  readonly repeats?: EntryId;
}
export interface AdmittedCall extends DecidedCall {
  readonly [admitted]: true;
  readonly queuedUs: number;
}

export interface IntentOfCall {
  readonly digest: Digest;
  readonly policy: Digest;
  readonly rules: readonly string[];
  /** What it was made with, beside the call. */
  readonly salt: string;
  readonly notAfterMs: number;
}

/** An admitted call whose intent is durable where it has to be: it may be sent. */
export interface Opened {
  readonly call: AdmittedCall;
  /** The entry of the intent; null for a read. */
  readonly of: EntryId | null;
  /** What a client sent along with its request: its answers, and the server's own state. */
  readonly extra: string;
  /** What its sending found out, for its entry. */
  readonly noted: Noted;
  readonly words: Words;
  readonly life: CallLife;
}

export interface Noted {
  /** Id of the credential that went along last. */
  credential: string | null;
  /** Where the program runs that it was sent to last; null: it is none of ours. */
  sandbox: (() => SandboxStamp) | null;
  /** Ended without a fault, and yet nothing was sent. */
  isUnsent: boolean;
  /** The server has answered it, by asking: whatever comes now, it had the call. */
  wasReceived: boolean;
}
