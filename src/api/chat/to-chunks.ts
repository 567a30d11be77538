import type { ModelEvent, ModelStop } from "../../ports/model-backend.ts";
import type { ModelUsage } from "../../model/model-usage.ts";
import type { Completed } from "../../run/completing.ts";

/** What every part of one answer says of it. */
export interface AnswerHead {
  readonly id: string;
  readonly createdMs: number;
  readonly alias: string;
  /** The backend and model that answer, once they are known. */
  readonly fingerprint: string | null;
}

const finishes: Readonly<Record<ModelStop, string>> = {
  ended: "stop",
  tool_calls: "tool_calls",
  length: "length",
  refused: "content_filter",
  other: "stop",
};

/** chat.completion, whole. */
export function toCompletion(head: AnswerHead, { text, calls, stop, usage }: Completed) {
  const made = calls.map(({ id, name, args }) => toCall(id, name, args));
  const counted = toUsage(usage);
  return {
    ...toHead(head, "chat.completion"),
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: text === "" && made.length > 0 ? null : text,
          refusal: null,
          ...(made.length === 0 ? {} : { tool_calls: made }),
        },
        logprobs: null,
        finish_reason: toFinish(stop, made.length),
      },
    ],
    ...(counted === null ? {} : { usage: counted }),
  };
}

export interface Chunks {
  begin(): string;
  /** Nothing where the event says nothing in this format. */
  push(event: ModelEvent): string;
  end(completed: Completed): string;
}

/** chat.completion.chunk, as server-sent events. */
export function createChunks(head: AnswerHead, includesUsage: boolean): Chunks {
  const common = toHead(head, "chat.completion.chunk");
  const absent = includesUsage ? { usage: null } : {};
  const chunk = (delta: object, finish: string | null = null): string =>
    toEvent({
      ...common,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...absent,
    });
  const calls = createCallChunks((call) => chunk({ tool_calls: [call] }));
  return {
    begin: () => chunk({ role: "assistant", content: "", refusal: null }),
    push(event) {
      switch (event.kind) {
        case "text":
          return event.text === "" ? "" : chunk({ content: event.text });
        case "call_delta":
          return calls.add(event.index, event);
        case "call":
          return calls.end(event.index, { ...event.call, text: event.call.args });
        default:
          return "";
      }
    },
    end({ stop, usage, calls: made }) {
      const last = chunk({}, toFinish(stop, made.length));
      const counted = includesUsage
        ? toEvent({ ...common, choices: [], usage: toUsage(usage) })
        : "";
      return `${last}${counted}data: [DONE]\n\n`;
    },
  };
}

export function toEvent(body: object): string {
  return `data: ${JSON.stringify(body)}\n\n`;
}

interface Piece {
  readonly id: string | null;
  readonly name: string | null;
  readonly text: string;
}

/** Id and name come once, before the first piece of the arguments; indexes count from nought. */
function createCallChunks(toChunk: (call: object) => string) {
  const calls = new Map<
    number,
    { place: number; waiting: string; isNamed: boolean; said: string }
  >();

  function open(index: number) {
    const known = calls.get(index);
    if (known !== undefined) return known;
    const made = { place: calls.size, waiting: "", isNamed: false, said: "" };
    calls.set(index, made);
    return made;
  }

  function add(index: number, { id, name, text }: Piece): string {
    const call = open(index);
    call.waiting += text;
    let chunks = "";
    if (!call.isNamed) {
      if (id === null || name === null) return "";
      call.isNamed = true;
      chunks += toChunk({ index: call.place, ...toCall(id, name, "") });
    }
    if (call.waiting === "") return chunks;
    const piece = call.waiting;
    // Whether there were any is all that is asked of them later.
    call.said = call.said === "" ? piece.trim() : call.said;
    call.waiting = "";
    return chunks + toChunk({ index: call.place, function: { arguments: piece } });
  }

  return {
    add,
    /** Of a call without arguments the backend may have said nothing. */
    end(index: number, whole: Piece): string {
      const hasSaid = open(index).said !== "";
      return hasSaid ? "" : add(index, whole);
    },
  };
}

function toHead({ id, createdMs, alias, fingerprint }: AnswerHead, object: string) {
  const created = Math.floor(createdMs / 1000);
  return { id: `chatcmpl-${id}`, object, created, model: alias, system_fingerprint: fingerprint };
}

function toCall(id: string, name: string, args: string) {
  return { id, type: "function", function: { name, arguments: args } };
}

/** Some servers say of a call that they have simply ended. */
function toFinish(stop: ModelStop, calls: number): string {
  return stop === "ended" && calls > 0 ? "tool_calls" : finishes[stop];
}

/** Null where the backend did not count: nought would be a lie. */
function toUsage({ input, output, cached, reasoning }: ModelUsage) {
  if (input === null || output === null) return null;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached ?? 0 },
    completion_tokens_details: { reasoning_tokens: reasoning ?? 0 },
  };
}
