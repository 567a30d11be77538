import { toPieces, type Said } from "./said.ts";

const reasons = {
  ended: "end_turn",
  tool_calls: "tool_use",
  length: "max_tokens",
  refused: "refusal",
} as const;
const pieceLength = 8;

/** message, whole. Input that is no JSON cannot be said in this form, and is left out. */
export function toMessage(said: Said) {
  return {
    ...toHead(said),
    content: [
      ...(said.text === "" ? [] : [{ type: "text", text: said.text }]),
      ...said.calls.map(({ id, name, args }) => ({
        type: "tool_use",
        id,
        name,
        input: readArgs(args),
      })),
    ],
    stop_reason: reasons[said.stop],
    stop_sequence: null,
    ...(said.usage === null ? {} : { usage: toUsage(said.usage) }),
  };
}

/** The events of a message. */
export function toMessageEvents(said: Said): readonly string[] {
  const usage = said.usage === null ? null : toUsage(said.usage);
  const begun = { ...toHead(said), content: [], stop_reason: null, stop_sequence: null };
  const blocks = [
    ...(said.text === "" ? [] : [toTextBlock(said.text)]),
    ...said.calls.map(toCallBlock),
  ];
  return [
    toEvent("message_start", {
      message: { ...begun, ...(usage === null ? {} : { usage: { ...usage, output_tokens: 1 } }) },
    }),
    toEvent("ping", {}),
    ...blocks.flatMap(({ start, deltas }, index) => [
      toEvent("content_block_start", { index, content_block: start }),
      ...deltas.map((delta) => toEvent("content_block_delta", { index, delta })),
      toEvent("content_block_stop", { index }),
    ]),
    toEvent("message_delta", {
      delta: { stop_reason: reasons[said.stop], stop_sequence: null },
      ...(usage === null ? {} : { usage: { output_tokens: usage.output_tokens } }),
    }),
    toEvent("message_stop", {}),
  ];
}

const types: Readonly<Record<number, string>> = {
  401: "authentication_error",
  404: "not_found_error",
  429: "rate_limit_error",
  529: "overloaded_error",
};

export function toAnthropicError(status: number, message: string) {
  const type = types[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  return { type: "error", error: { type, message }, request_id: "scripted" };
}

/** An error in the middle of a stream. */
export function toAnthropicFailure(message: string): string {
  return toEvent("error", { error: toAnthropicError(500, message).error });
}

export function toAnthropicModels(model: string, createdMs: number) {
  const created = new Date(createdMs).toISOString();
  return {
    data: [{ type: "model", id: model, display_name: "Scripted model", created_at: created }],
    has_more: false,
    first_id: model,
    last_id: model,
  };
}

function toHead({ id, model }: Said) {
  return { id: `msg-${id}`, type: "message", role: "assistant", model };
}

function toTextBlock(text: string) {
  return {
    start: { type: "text", text: "" },
    deltas: toPieces(text, pieceLength).map((piece) => ({ type: "text_delta", text: piece })),
  };
}

function toCallBlock({ id, name, args }: Said["calls"][number]) {
  return {
    start: { type: "tool_use", id, name, input: {} },
    deltas: toPieces(args, pieceLength).map((piece) => ({
      type: "input_json_delta",
      partial_json: piece,
    })),
  };
}

function readArgs(args: string): unknown {
  try {
    return JSON.parse(args);
  } catch {
    return {};
  }
}

/** Cached tokens are counted beside the others in this format, not among them. */
function toUsage({ input, output, cached }: NonNullable<Said["usage"]>) {
  return {
    input_tokens: input - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: output,
  };
}

function toEvent(type: string, rest: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
}
