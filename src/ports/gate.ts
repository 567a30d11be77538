import type { Json } from "../lib/strict-json.ts";
import type { Digest, EntryId, Principal, RunId } from "../model/index.ts";
import type { FactShown } from "../model/approval.ts";
import type { RunFacts } from "../model/run-facts.ts";
import type { ClientCapabilities, Era, RpcError } from "../model/protocol.ts";
import type { Decider } from "./decider.ts";
import type { CommitOutcome, CommitUnit } from "./store.ts";
import type { AskAnswer, UpstreamNotification } from "./upstream.ts";

/**
 * The one door to every server. Whoever asks, a client over HTTP, a run or the command line, comes
 * through here; nothing else holds an `Upstream`.
 */
export interface Gate {
  /** Faults are thrown; what the server or the gate says is returned. */
  exchange(request: GateRequest): Promise<GateAnswer>;
}

export interface GateRequest {
  readonly principal: Principal;
  /** Of the subject, as its key or its token says: what policies know it by. */
  readonly roles: readonly string[];
  /** `""` for `/mcp` itself. */
  readonly toolset: string;
  /** A session or a conversation, as far as the client names one: what labels are kept by. */
  readonly context: string;
  readonly method: string;
  /** Read strictly: no duplicate key, no number that a double does not keep. */
  readonly params: Readonly<Record<string, Json>>;
  /** The bytes of `params.arguments` as they came; null where there are none. */
  readonly argumentsText: string | null;
  readonly client: GateClient;
  /**
   * Aborted by the face when the client is gone or cancels, by the gate when the deadline has passed.
   * A call that waits for its client's answer goes on under it when the request itself has ended.
   */
  readonly cancel: AbortController;
  readonly deadlineMs: number;
  /** Told an entry of the call that leads to its receipt, before the answer. Absent: nobody asks. */
  readonly onEntry?: (entry: EntryId) => void;
  readonly onNotification: (notification: UpstreamNotification) => void;
  /** Absent: whoever asks is no run. */
  readonly run?: RunOfCall;
}

/** The run that a call belongs to, and the place of the call in it. */
export interface RunOfCall {
  readonly run: RunId;
  readonly step: number;
  readonly ordinal: number;
  /** What its rules, and those in force, may read of it. */
  readonly facts: RunFacts;
  /** What the call rests on, a part of its intent: with another one it is another call. Absent: on nothing. */
  readonly basis?: RunBasis;
  /**
   * Asked once the things that it changes are its own: nobody has changed what it rests on since that was
   * looked at. Absent: it rests on nothing.
   */
  readonly stillHolds?: () => Promise<boolean>;
  /** What is so now is asked for: nothing that was kept is given. */
  readonly isFresh?: true;
  /** What its bundle says that the call changes, besides what the configuration says now. */
  readonly changes?: readonly string[];
  /** The run has noted no intent of it: nobody has the key of the call. Absent: that is not known. */
  readonly isFirst?: boolean;
  /** Read by the run itself, for what its model is shown: nothing but a read, and nobody is asked to agree. */
  readonly isSource?: true;
  /** Leaf hash of the run's last entry that is durable by now; null: it has none yet. */
  previous(): Digest | null;
  /** Digest of the tool's definition that its bundle pinned: with another one it is not called. */
  readonly pin: Digest | null;
  /** Rules of its bundle: what they do not allow is not done, whatever the rules in force say. */
  readonly rules: Decider | null;
  /**
   * Makes an intent or an outcome durable together with the event of the run that says so. Fenced:
   * another worker has the run, and nothing was written.
   */
  commit(unit: CommitUnit, moment: RunMoment): Promise<CommitOutcome>;
}

/** Facts as the run has read them. */
export interface RunBasis {
  /** Of their keys and values. */
  readonly digest: Digest;
  /** They are believed until then: a call that stood in line for longer is not made. */
  readonly untilMs: number;
  /** For whoever is asked to agree. */
  readonly shown: readonly FactShown[];
}

export type RunMoment =
  | { readonly kind: "started"; readonly entry: EntryId; readonly intent: Digest }
  | {
      readonly kind: "ended";
      /** Of the intent. */
      readonly entry: EntryId;
      readonly outcome: "answered" | "tool_error" | "denied" | "fault" | "unknown";
      /** What the caller is handed, or why there is nothing: of what was answered JSON of a result. */
      readonly text: string;
      /** As of the answer: absent where the text is the server's, or a fault's. */
      readonly own?: OwnOutcomeName;
      /** Nothing was sent, for a reason that passes by itself: it can be made again soon. */
      readonly isPassing?: true;
      /** Nothing of it was sent: its server was away, and may be back soon. */
      readonly isUnreached?: true;
    };

export interface GateClient {
  readonly era: Era;
  readonly version: string;
  readonly capabilities: ClientCapabilities;
  /** Asks the client in the middle of the call; null where its protocol has no way to. */
  readonly ask:
    | ((
        method: string,
        params: Readonly<Record<string, Json>>,
        signal: AbortSignal,
      ) => Promise<AskAnswer>)
    | null;
}

export type GateAnswer =
  | {
      readonly kind: "result";
      /** JSON text of the result as the native protocol has it, `resultType` and all. */
      readonly text: string;
      readonly isError: boolean;
      /** Said by the gate itself, in place of a server's answer. */
      readonly outcome?: OwnOutcomeName;
    }
  | { readonly kind: "error"; readonly error: RpcError };

/** What the gate itself can say became of a call; nothing but `withheld` and `done_before` was done. */
export const ownOutcomeNames = [
  "asks",
  "denied",
  "expired",
  "consumed",
  "voided",
  "withdrawn",
  "changed",
  "missing",
  "mismatch",
  "pending",
  "unknown",
  "done_before",
  "withheld",
  "consent",
] as const;
export type OwnOutcomeName = (typeof ownOutcomeNames)[number];
