import type { Json } from "../lib/strict-json.ts";
import type { Principal } from "../model/index.ts";
import type { ClientCapabilities, Era, RpcError } from "../model/protocol.ts";
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
  readonly onNotification: (notification: UpstreamNotification) => void;
}

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
