import { Fault, type TenantId } from "../../model/index.ts";
import { startRun } from "../start-run.ts";
import { tellRun } from "../tell-run.ts";
import { principalOf } from "../tenant-of.ts";
import { findTask } from "./find-task.ts";
import { lookAtTask, readSignalName } from "./look.ts";
import type { A2aOptions, Calling } from "./options.ts";
import { refuse, refuseParams } from "./refusals.ts";
import { checkSending, readText, type Wanted } from "./requests.ts";
import { isOver, type TaskLook } from "./task.ts";

/** A message that has arrived at its task. */
export interface Sent {
  readonly tenant: TenantId;
  readonly look: TaskLook;
  /** Up to here the task knows nothing of the message. */
  readonly after: number;
}

/** As much as a signal may carry. */
const longestSignal = 262_144;

/** Starts a run, or tells one that waits for a message what it waits for. */
export async function sendMessage(
  options: A2aOptions,
  calling: Calling,
  wanted: Wanted<"SendMessage">,
): Promise<Sent> {
  checkSending(wanted);
  const { taskId, contextId } = wanted.message;
  const isNamed = (id: string | null | undefined): id is string =>
    id !== undefined && id !== null && id !== "";
  if (isNamed(taskId)) {
    if (isNamed(contextId) && contextId !== taskId)
      throw refuseParams("message.contextId", "is not that of the task");
    return tellTask(options, calling, { ...wanted, taskId });
  }
  if (isNamed(contextId))
    throw refuse(
      "UNSUPPORTED_OPERATION",
      "Each task is a context of its own. Name the task, or begin a new one without a contextId.",
    );
  return startTask(options, calling, wanted);
}

async function startTask(
  options: A2aOptions,
  { agent, holder }: Calling,
  { message }: Wanted<"SendMessage">,
): Promise<Sent> {
  const input = readText(message.parts, Infinity);
  const { tenant } = principalOf(holder);
  // Beside the keys that the same caller uses elsewhere.
  const key = `a2a\n${agent}\n${message.messageId}`;
  const asking = { agent, input, caps: null, deadlineMs: null, key };
  const { report } = await startRun(options, holder, asking);
  return { tenant, look: await lookAtTask(options, tenant, report), after: 0 };
}

interface Telling extends Wanted<"SendMessage"> {
  readonly taskId: string;
}

/** A task that waits for a person's yes takes no message: none of its words would be one. */
async function tellTask(
  options: A2aOptions,
  calling: Calling,
  { message, taskId }: Telling,
): Promise<Sent> {
  const { holder } = calling;
  const { tenant } = principalOf(holder);
  const report = await findTask(options, calling, { id: taskId, reach: "tell" });
  const look = await lookAtTask(options, tenant, report);
  if (isOver(look))
    throw refuse("UNSUPPORTED_OPERATION", "The task is over, and takes no message.", { taskId });
  if (look.state !== "TASK_STATE_INPUT_REQUIRED")
    throw refuse(
      "UNSUPPORTED_OPERATION",
      `The task does not wait for a message. ${look.said ?? "It is under way."}`,
      { taskId },
    );
  const payload = readText(message.parts, longestSignal);
  const name = await readSignalName(options, { tenant, ...look });
  const telling = { run: report.run, holder };
  await orOver(
    tellRun(options, telling, () => ({ kind: "signal", name, payload })),
    taskId,
  );
  return { tenant, look, after: look.head };
}

async function orOver(telling: Promise<unknown>, taskId: string): Promise<void> {
  try {
    await telling;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "run_ended") throw error;
    throw refuse("UNSUPPORTED_OPERATION", "The task is over, and takes no message.", { taskId });
  }
}
