import type { EntryId } from "../model/index.ts";
import type { SandboxStamp } from "../model/sandbox.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { Call, DecidedCall } from "./call.ts";

/** How a call ended, for its entry. */
export interface Outcome {
  readonly call: Call;
  readonly intent: DecidedCall["intent"];
  /** The entry of the durable intent; null for a read, or for what was never sent. */
  readonly of: EntryId | null;
  readonly outcome: "answered" | "tool_error" | "denied" | "expired" | "fault" | "unknown";
  readonly reason: string | null;
  readonly result: string | null;
  /** What the caller is handed; words where that is an error, null for what was never sent. */
  readonly handed: GateAnswer | string | null;
  /** What had members taken out of the result; absent where nothing was. */
  readonly redacted?: readonly string[] | undefined;
  readonly endpoint: string | null;
  /** Id of the credential that went along; it says nothing of its value. */
  readonly credential: string | null;
  /** Where it was carried out; null: not by a program of ours, or nowhere. */
  readonly sandbox: SandboxStamp | null;
  readonly queuedUs: number;
  readonly upstreamUs: number;
  /** Whether what was answered is kept, sealed: for whoever asks again. */
  readonly keeps?: boolean;
}
