import { Fault } from "../model/index.ts";
import {
  listFittingTurns,
  type ModelScript,
  type ScriptFault,
  type ScriptScene,
  type ScriptTurn,
} from "../model/model-script.ts";
import { unknownUsage } from "../model/model-usage.ts";
import type { Clock } from "./clock.ts";
import type {
  ModelBackend,
  ModelEvent,
  ModelMessage,
  ModelRequest,
  StreamOptions,
} from "./model-backend.ts";

export interface InMemoryModelOptions {
  readonly script: ModelScript;
  readonly clock: Clock;
  readonly firstTokenMs: number;
  readonly idleMs: number;
}

/** A backend that says what a script says, without a wire: the twin of those that are asked over HTTP. */
export function createInMemoryModel(options: InMemoryModelOptions): ModelBackend {
  const taken = options.script.turns.map(() => 0);
  return {
    async stream(request, how) {
      how.signal.throwIfAborted();
      const turn = takeTurn(options.script, taken, toScene(request.messages));
      await play(options, { turn, request, how });
    },
    look: async () => undefined,
    close: async () => undefined,
  };
}

function toScene(messages: readonly ModelMessage[]): ScriptScene {
  const last = messages.at(-1);
  const calls = messages.flatMap((message) => (message.role === "assistant" ? message.calls : []));
  const isResult = last?.role === "tool";
  const name = isResult ? calls.findLast(({ id }) => id === last.callId)?.name : undefined;
  return {
    last: last === undefined || last.role === "assistant" ? null : last.role,
    text: last?.text ?? "",
    tool: name ?? null,
    results: messages.filter(({ role }) => role === "tool").length,
  };
}

function takeTurn(script: ModelScript, taken: number[], scene: ScriptScene): ScriptTurn {
  const place = listFittingTurns(script, scene).find(
    (index) => taken[index]! < (script.turns[index]!.times ?? Number.POSITIVE_INFINITY),
  );
  if (place === undefined) {
    throw new Fault("model_refused", "No turn of the script fits this conversation.");
  }
  taken[place]! += 1;
  return script.turns[place]!;
}

interface Playing {
  readonly turn: ScriptTurn;
  readonly request: ModelRequest;
  readonly how: StreamOptions;
}

async function play(options: InMemoryModelOptions, { turn, request, how }: Playing): Promise<void> {
  const { firstTokenMs, idleMs } = options;
  const { fault } = turn;
  if (fault?.kind === "status") throw toStatusFault(fault);
  if (fault?.kind === "slow_first_token") {
    await wait(options, how, Math.min(fault.wait, firstTokenMs));
    if (fault.wait >= firstTokenMs) throw new Fault("model_unavailable", "It did not begin.");
  }
  const events = listEvents(turn, request);
  const breaks = fault !== undefined && "after" in fault;
  for (const event of breaks ? events.slice(0, Math.max(1, fault.after - 2)) : events) {
    how.signal.throwIfAborted();
    how.onEvent(event);
  }
  if (!breaks) return;
  if (fault.kind === "stall") await wait(options, how, idleMs);
  throw new Fault("model_broken", "The answer ended before it was whole.");
}

async function wait({ clock }: InMemoryModelOptions, how: StreamOptions, ms: number) {
  const leftMs = how.deadlineMs - clock.nowMs();
  await clock.sleep(Math.min(ms, leftMs), how.signal);
  if (leftMs < ms) throw new Fault("deadline_exceeded", "It was not done in time.");
}

/** As the formats' own servers split them: a few letters at a time, calls piece by piece and then whole. */
function listEvents(turn: ScriptTurn, { messages }: ModelRequest): readonly ModelEvent[] {
  const { say, calls, usage, stop, fault } = turn;
  const isCounted = fault?.kind !== "no_usage" && usage !== undefined;
  const told = calls.map(({ tool, args }, index) => ({
    index,
    id: `scripted-${messages.length}-${fault?.kind === "duplicate_ids" ? 0 : index}`,
    name: tool,
    text: fault?.kind === "malformed_args" ? `${JSON.stringify(args)},` : JSON.stringify(args),
  }));
  return [
    ...split(say).map((text): ModelEvent => ({ kind: "text", text })),
    ...told.flatMap((call) =>
      split(call.text).map((text): ModelEvent => ({ ...call, kind: "call_delta", text })),
    ),
    ...told.map((call): ModelEvent => {
      const { index, id, name, text } = call;
      if (fault?.kind === "malformed_args")
        return { ...call, kind: "call_refused", reason: "not_json" };
      return fault?.kind === "duplicate_ids" && index > 0
        ? { ...call, kind: "call_refused", reason: "duplicate_id" }
        : { kind: "call", index, call: { id, name, args: text } };
    }),
    { kind: "usage", usage: isCounted ? { ...unknownUsage, ...usage } : unknownUsage },
    { kind: "finished", stop: stop ?? (calls.length > 0 ? "tool_calls" : "ended") },
  ];
}

function split(text: string): readonly string[] {
  const points = Array.from(text);
  return Array.from({ length: Math.ceil(points.length / 8) }, (_, index) =>
    points.slice(index * 8, (index + 1) * 8).join(""),
  );
}

function toStatusFault({ status, retryAfter }: Extract<ScriptFault, { kind: "status" }>): Fault {
  const message = `The script says ${status}.`;
  if (status === 429 || status === 529) {
    const retryAfterMs = Math.max(1, (retryAfter ?? 1) * 1_000);
    return new Fault("model_busy", message, { details: { status, retryAfterMs } });
  }
  if (status === 401 || status === 403) return new Fault("credential_rejected", message);
  const isAway = status >= 500 || status === 404 || status === 408;
  return new Fault(isAway ? "model_unavailable" : "model_refused", message);
}
