import type { Json } from "../lib/strict-json.ts";
import type { Decision, Digest, Principal } from "../model/index.ts";
import type { Effect } from "./catalog.ts";

/** What policy says of a call. Pure and synchronous: it is asked on the hot path. */
export interface Decider {
  /** Of the policy that decides; stands in every intent. */
  readonly policy: Digest;
  decide(question: Question): Decision;
}

export interface Question {
  readonly principal: Principal;
  readonly toolset: string;
  readonly server: string;
  readonly method: string;
  /** The server's own name of the tool or prompt, or the URI. */
  readonly target: string;
  readonly effect: Effect;
  /** Validated, with defaults filled in. */
  readonly args: Json;
}
