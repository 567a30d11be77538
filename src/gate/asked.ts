import type { Json } from "../lib/strict-json.ts";
import type { Decision, Label } from "../model/index.ts";
import type { Call, IntentOfCall } from "./call.ts";
import type { UnsealedState } from "./request-state.ts";

/** A call that a person has to agree to, with all that came with it. */
export interface Asked {
  readonly call: Call;
  readonly decision: Extract<Decision, { kind: "ask" }>;
  readonly intent: IntentOfCall;
  readonly labels: readonly Label[];
  /** What the client brings back; null for one that asks for the first time, or has no way to. */
  readonly state: UnsealedState | null;
  readonly responses: Readonly<Record<string, Json>> | null;
}
