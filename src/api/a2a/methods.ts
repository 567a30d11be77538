import type { RequestMessage } from "../../mcp/read-message.ts";
import { Fault, type TenantId } from "../../model/index.ts";
import { tellRun } from "../tell-run.ts";
import { principalOf } from "../tenant-of.ts";
import { createWaiting } from "../waiting.ts";
import { readExtendedCard } from "./cards.ts";
import { findTask, showTask } from "./find-task.ts";
import { followTask } from "./follow.ts";
import { listTasks } from "./list-tasks.ts";
import { lookAtTask } from "./look.ts";
import type { A2aOptions, Calling } from "./options.ts";
import { refuse, refuseMethod } from "./refusals.ts";
import { noPush, parseParams, type Wanted } from "./requests.ts";
import { sendMessage, type Sent } from "./send-message.ts";
import { isHalted, isOver, type Task, type TaskLook } from "./task.ts";

/** What a method comes to: one answer, or a task to be followed. */
export type Reply =
  | { readonly kind: "result"; readonly result: object }
  | {
      readonly kind: "stream";
      readonly task: Task;
      readonly tenant: TenantId;
      readonly look: TaskLook;
      /** Whoever sent a message goes on when the next one is waited for; null: stays to the end. */
      readonly haltsAfter: number | null;
    };

export interface Asked extends Calling {
  readonly options: A2aOptions;
  readonly request: Pick<RequestMessage, "method" | "params">;
  /** Fires when the client is gone. */
  readonly signal: AbortSignal;
  /** Fires when nobody is to be kept waiting any more. */
  readonly closing: AbortSignal;
}

const methods: Readonly<Record<string, (asked: Asked) => Promise<Reply> | Reply>> = {
  SendMessage: send,
  SendStreamingMessage: sendStreaming,
  GetTask: get,
  ListTasks: async (asked) => {
    const wanted = parseParams("ListTasks", asked.request.params);
    const { options, signal } = asked;
    return toResult(await listTasks({ options, calling: asked, wanted, signal }));
  },
  CancelTask: cancel,
  SubscribeToTask: subscribe,
  GetExtendedAgentCard: async (asked) => {
    parseParams("Nothing", asked.request.params);
    return toResult(await readExtendedCard(asked.options, asked));
  },
  CreateTaskPushNotificationConfig: refusePush,
  GetTaskPushNotificationConfig: refusePush,
  ListTaskPushNotificationConfigs: refusePush,
  DeleteTaskPushNotificationConfig: refusePush,
};

export async function callMethod(asked: Asked): Promise<Reply> {
  const { method } = asked.request;
  if (!Object.hasOwn(methods, method)) throw refuseMethod(method);
  return methods[method]!(asked);
}

function refusePush(): never {
  throw noPush();
}

async function send(asked: Asked): Promise<Reply> {
  const { options } = asked;
  const wanted = parseParams("SendMessage", asked.request.params);
  const sent = await sendMessage(options, asked, wanted);
  const { returnImmediately, historyLength } = wanted.configuration ?? {};
  const waitMs = returnImmediately === true ? 0 : options.limits().requestDeadlineMs;
  const isDone = (look: TaskLook): boolean => look.head > sent.after && isHalted(look);
  const look = await waitFor(asked, sent, { waitMs, isDone });
  const { tenant } = sent;
  return toResult({ task: await showTask(options, { ...look, tenant }, { historyLength }) });
}

interface Wished {
  readonly waitMs: number;
  readonly isDone: (look: TaskLook) => boolean;
}

/** As it stands once that is so, or the time is over: the task goes on either way. */
async function waitFor(
  { options, signal, closing, holder }: Asked,
  { tenant, look: first }: Pick<Sent, "tenant" | "look">,
  { waitMs, isDone }: Wished,
): Promise<TaskLook> {
  const { clock } = options;
  if (waitMs === 0 || isDone(first)) return first;
  const untilMs = Math.min(clock.nowMs() + waitMs, holder?.proof.expiresAtMs ?? 0);
  const waiting = createWaiting(clock, AbortSignal.any([signal, closing]));
  let last = first;
  try {
    for await (const look of followTask(options, { tenant, run: first.run, untilMs }, waiting)) {
      last = look;
      if (isDone(look)) break;
    }
  } catch (error) {
    // A server that goes away says what it knows; where the client has gone, nobody hears it.
    if (!closing.aborted || signal.aborted) throw error;
  }
  return last;
}

async function sendStreaming(asked: Asked): Promise<Reply> {
  const { options } = asked;
  const wanted = parseParams("SendMessage", asked.request.params);
  const { tenant, look, after } = await sendMessage(options, asked, wanted);
  const historyLength = wanted.configuration?.historyLength;
  const task = await showTask(options, { ...look, tenant }, { historyLength });
  return { kind: "stream", task, tenant, look, haltsAfter: after };
}

async function subscribe(asked: Asked): Promise<Reply> {
  const { id } = parseParams("OneTask", asked.request.params);
  const { tenant, look } = await lookFor(asked, id);
  if (isOver(look))
    throw refuse("UNSUPPORTED_OPERATION", "The task is over: ask for it instead.", { taskId: id });
  const task = await showTask(asked.options, { ...look, tenant }, { historyLength: null });
  return { kind: "stream", task, tenant, look, haltsAfter: null };
}

async function get(asked: Asked): Promise<Reply> {
  const { id, historyLength }: Wanted<"GetTask"> = parseParams("GetTask", asked.request.params);
  const { tenant, look } = await lookFor(asked, id);
  return toResult(await showTask(asked.options, { ...look, tenant }, { historyLength }));
}

async function lookFor(asked: Asked, id: string): Promise<Pick<Sent, "tenant" | "look">> {
  const { tenant } = principalOf(asked.holder);
  const report = await findTask(asked.options, asked, { id, reach: "read" });
  return { tenant, look: await lookAtTask(asked.options, tenant, report) };
}

/** A run ends as soon as whoever carries it on hears of it, which is mostly at once. */
const cancelWithinMs = 10_000;

async function cancel(asked: Asked): Promise<Reply> {
  const { options, holder } = asked;
  const { id } = parseParams("OneTask", asked.request.params);
  const { tenant } = principalOf(holder);
  const report = await findTask(options, asked, { id, reach: "tell" });
  const look = await lookAtTask(options, tenant, report);
  if (isOver(look)) throw notCancelable(id);
  try {
    await tellRun(options, { run: report.run, holder }, (by) => ({ kind: "cancel", by }));
  } catch (error) {
    if (error instanceof Fault && error.code === "run_ended") throw notCancelable(id);
    throw error;
  }
  const waitMs = Math.min(cancelWithinMs, options.limits().requestDeadlineMs);
  const last = await waitFor(asked, { tenant, look }, { waitMs, isDone: isOver });
  return toResult(await showTask(options, { ...last, tenant }, { historyLength: null }));
}

function notCancelable(taskId: string) {
  return refuse("TASK_NOT_CANCELABLE", "The task is over already.", { taskId });
}

function toResult(result: object): Reply {
  return { kind: "result", result };
}
