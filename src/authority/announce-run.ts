import type { WebhookEvent } from "../model/config-webhooks.ts";
import type { RunState } from "../model/run-states.ts";
import type { RunMoved } from "../ports/run-moved.ts";
import type { Announcement } from "./webhooks.ts";

/** States that somebody outside may wait for, or has to look at. */
const told: Partial<Record<RunState, WebhookEvent>> = {
  completed: "run.ended",
  failed: "run.ended",
  cancelled: "run.ended",
  partial: "run.stopped",
  stopped: "run.stopped",
  parked: "run.stopped",
};

/** Null: nobody is told of it. */
export function toRunAnnouncement(moved: RunMoved): Announcement | null {
  const { run, agent, state, seq, atMs } = moved;
  const type = told[state];
  if (type === undefined) return null;
  return { id: `${run}_${seq}`, type, atMs, body: { run, agent, state } };
}
