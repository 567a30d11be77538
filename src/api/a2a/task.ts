import type { RunId } from "../../model/index.ts";
import type { RunState } from "../../model/run-states.ts";

/** A run as the protocol has it: a task, whose id is the run's. */

export const taskStates = [
  "TASK_STATE_SUBMITTED",
  "TASK_STATE_WORKING",
  "TASK_STATE_INPUT_REQUIRED",
  "TASK_STATE_AUTH_REQUIRED",
  "TASK_STATE_COMPLETED",
  "TASK_STATE_FAILED",
  "TASK_STATE_CANCELED",
  "TASK_STATE_REJECTED",
] as const;
export type TaskState = (typeof taskStates)[number];

/** How a task stands at one moment. */
export interface TaskLook {
  readonly run: RunId;
  readonly head: number;
  readonly state: TaskState;
  /** What is said of it; null: nothing. */
  readonly said: string | null;
  readonly output: string | null;
  /** Of its last event. */
  readonly atMs: number;
  /** What it waits for is no event of its own. */
  readonly waitsForRun: boolean;
}

/**
 * States of a run as states of a task. What waits depends on what for. What somebody stopped can go on
 * when somebody with the right to it says so: that is no end, and no message brings it about.
 */
export const fromRunState = {
  queued: ["TASK_STATE_SUBMITTED"],
  running: ["TASK_STATE_WORKING"],
  waiting: ["TASK_STATE_WORKING", "TASK_STATE_INPUT_REQUIRED", "TASK_STATE_AUTH_REQUIRED"],
  paused: ["TASK_STATE_AUTH_REQUIRED"],
  stopped: ["TASK_STATE_AUTH_REQUIRED"],
  partial: ["TASK_STATE_AUTH_REQUIRED"],
  parked: ["TASK_STATE_AUTH_REQUIRED"],
  completed: ["TASK_STATE_COMPLETED"],
  failed: ["TASK_STATE_FAILED"],
  cancelled: ["TASK_STATE_CANCELED"],
} as const satisfies Readonly<Record<RunState, readonly TaskState[]>>;

const over: ReadonlySet<TaskState> = new Set([
  "TASK_STATE_COMPLETED",
  "TASK_STATE_FAILED",
  "TASK_STATE_CANCELED",
  "TASK_STATE_REJECTED",
]);

export function isOver({ state }: Pick<TaskLook, "state">): boolean {
  return over.has(state);
}

/** It does not go on by itself. */
export function isHalted(look: Pick<TaskLook, "state">): boolean {
  const { state } = look;
  return (
    isOver(look) || state === "TASK_STATE_INPUT_REQUIRED" || state === "TASK_STATE_AUTH_REQUIRED"
  );
}

interface Part {
  readonly text: string;
  readonly mediaType: "text/plain";
}

export interface Message {
  readonly messageId: string;
  readonly contextId: string;
  readonly taskId: string;
  readonly role: "ROLE_USER" | "ROLE_AGENT";
  readonly parts: readonly Part[];
}

/** Each task is a context of its own: what else the two could share is kept nowhere. */
export function toMessage(
  run: RunId,
  role: Message["role"],
  { id, text }: { readonly id: string; readonly text: string },
): Message {
  return { messageId: id, contextId: run, taskId: run, role, parts: [toPart(text)] };
}

export function toStatus({ run, head, state, said, atMs }: TaskLook) {
  const message =
    said === null
      ? null
      : toMessage(run, "ROLE_AGENT", { id: `${run}-${head}-status`, text: said });
  return {
    state,
    timestamp: new Date(atMs).toISOString(),
    ...(message === null ? {} : { message }),
  };
}

export function toArtifact(output: string) {
  return { artifactId: "output", name: "output", parts: [toPart(output)] };
}

interface Beside {
  readonly history: readonly Message[];
  readonly hasArtifacts: boolean;
}

export function toTask(look: TaskLook, { history, hasArtifacts }: Beside) {
  const { run, output } = look;
  const artifacts = output === null ? [] : [toArtifact(output)];
  return {
    id: run,
    contextId: run,
    status: toStatus(look),
    ...(hasArtifacts ? { artifacts } : {}),
    ...(history.length === 0 ? {} : { history }),
  };
}
export type Task = ReturnType<typeof toTask>;

function toPart(text: string): Part {
  return { text, mediaType: "text/plain" };
}

/** What has to be told to whoever saw it as it was before; an output comes before the end. */
export function toUpdates(before: TaskLook, now: TaskLook): readonly object[] {
  const { run, output, state, said } = now;
  const place = { taskId: run, contextId: run };
  const isNewOutput = output !== null && output !== before.output;
  const isNewStatus = state !== before.state || said !== before.said;
  return [
    ...(isNewOutput
      ? [{ artifactUpdate: { ...place, artifact: toArtifact(output), lastChunk: true } }]
      : []),
    ...(isNewStatus ? [{ statusUpdate: { ...place, status: toStatus(now) } }] : []),
  ];
}
