import type { RunId, TenantId } from "../model/index.ts";
import type { RunState } from "../model/run-states.ts";

/** A run came into another state, by the event of this sequence. */
export interface RunMoved {
  readonly tenant: TenantId;
  readonly run: RunId;
  readonly agent: string;
  readonly state: RunState;
  readonly seq: number;
  readonly atMs: number;
}
