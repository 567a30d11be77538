import { toPieces, type Said } from "./said.ts";

const finishes = {
  ended: "stop",
  tool_calls: "tool_calls",
  length: "length",
  refused: "content_filter",
} as const;
const pieceLength = 8;

/** chat.completion, whole. */
export function toCompletion(said: Said) {
  const calls = said.calls.map(toCall);
  const content = said.text === "" && calls.length > 0 ? null : said.text;
  return {
    ...toHead(said, "chat.completion"),
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content,
          refusal: null,
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: finishes[said.stop],
      },
    ],
    ...(said.usage === null ? {} : { usage: toUsage(said.usage) }),
  };
}

/** chat.completion.chunk, as server-sent events. */
export function toChunks(said: Said, wantsUsage: boolean): readonly string[] {
  const head = toHead(said, "chat.completion.chunk");
  const chunk = (delta: object, finish: string | null = null): string =>
    toEvent({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] });
  const usage = wantsUsage && said.usage !== null ? toUsage(said.usage) : null;
  return [
    chunk({ role: "assistant", content: "", refusal: null }),
    ...toPieces(said.text, pieceLength).map((content) => chunk({ content })),
    ...said.calls.flatMap((call, index) => [
      chunk({ tool_calls: [{ index, ...toCall({ ...call, args: "" }) }] }),
      ...toPieces(call.args, pieceLength).map((text) =>
        chunk({ tool_calls: [{ index, function: { arguments: text } }] }),
      ),
    ]),
    chunk({}, finishes[said.stop]),
    ...(usage === null ? [] : [toEvent({ ...head, choices: [], usage })]),
    "data: [DONE]\n\n",
  ];
}

export function toOpenaiError(status: number, message: string) {
  const type =
    status === 429 ? "rate_limit_error" : status < 500 ? "invalid_request_error" : "server_error";
  return { error: { message, type, param: null, code: null } };
}

/** An error in the middle of a stream. */
export function toOpenaiFailure(message: string): string {
  return toEvent(toOpenaiError(500, message));
}

export function toOpenaiModels(model: string, createdMs: number) {
  const created = Math.floor(createdMs / 1000);
  return {
    object: "list",
    data: [{ id: model, object: "model", created, owned_by: "countersign-scripted" }],
  };
}

function toHead({ id, model, createdMs }: Said, object: string) {
  const created = Math.floor(createdMs / 1000);
  return { id: `chatcmpl-${id}`, object, created, model, system_fingerprint: "scripted" };
}

function toCall({ id, name, args }: Said["calls"][number]) {
  return { id, type: "function", function: { name, arguments: args } };
}

function toUsage({ input, output, cached }: NonNullable<Said["usage"]>) {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}

function toEvent(body: object): string {
  return `data: ${JSON.stringify(body)}\n\n`;
}
