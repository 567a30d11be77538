import { parseStrictJson, type Json } from "../lib/strict-json.ts";
import { toCanonicalText } from "../model/index.ts";
import type { RpcError } from "../model/protocol.ts";
import { RpcRefusal, rpcCodes } from "./rpc-error.ts";

export type MessageId = string | number;
export type Params = Readonly<Record<string, Json>>;

/** What a client sends, read strictly and once. */
export type Message = RequestMessage | NotificationMessage | AnswerMessage;
export interface RequestMessage {
  readonly kind: "request";
  readonly id: MessageId;
  readonly method: string;
  readonly params: Params;
  /** The text of `params.arguments` as it came; null where there are none. */
  readonly argumentsText: string | null;
}
export interface NotificationMessage {
  readonly kind: "notification";
  readonly method: string;
  readonly params: Params;
}
export interface AnswerMessage {
  readonly kind: "answer";
  readonly id: MessageId;
  readonly answer:
    | { readonly kind: "result"; readonly result: Params }
    | { readonly kind: "error"; readonly error: RpcError };
}

export type Body =
  | { readonly kind: "single"; readonly message: Message }
  | { readonly kind: "batch"; readonly messages: readonly Message[] };

const limits = { depth: 128, mark: ["params", "arguments"] } as const;
/** More messages in one body than any client has reason for. */
const maxBatch = 100;
const maxMethod = 128;
const maxId = 256;

/** Throws an `RpcRefusal` with the place; its id is the message's where that could be read. */
export function readBody(bytes: Uint8Array): Body {
  const read = parseStrictJson(bytes, limits);
  if (read.kind === "refused") {
    const place = read.pointer === "" ? "" : ` in ${read.pointer}`;
    throw new RpcRefusal(
      rpcCodes.parse,
      `This is not JSON with one meaning: ${read.reason}${place}.`,
      {
        data: { pointer: read.pointer, offset: read.offset },
      },
    );
  }
  if (!Array.isArray(read.value)) {
    return { kind: "single", message: toMessage(read.value, read.marked) };
  }
  if (read.value.length === 0 || read.value.length > maxBatch) {
    throw refusal(`A batch has from 1 to ${maxBatch} messages.`);
  }
  return {
    kind: "batch",
    messages: (read.value as readonly Json[]).map((value) => toMessage(value, null)),
  };
}

function toMessage(value: Json, argumentsText: string | null): Message {
  if (!isObject(value) || value["jsonrpc"] !== "2.0") {
    throw refusal('A message is an object with jsonrpc: "2.0".');
  }
  const { id, method } = value;
  if (method === undefined) return toAnswer(value);
  if (typeof method !== "string" || method.length > maxMethod) {
    throw refusal(`A method is a string of at most ${maxMethod} characters.`);
  }
  const params = value["params"] ?? {};
  if (!isObject(params) || value["params"] === null) throw refusal("params is an object.");
  if (!Object.hasOwn(value, "id")) return { kind: "notification", method, params };
  const args = params["arguments"];
  const text = args === undefined ? null : (argumentsText ?? toCanonicalText(args));
  return { kind: "request", id: toId(id), method, params, argumentsText: text };
}

function toAnswer(value: Params): AnswerMessage {
  const { result, error } = value;
  if (isObject(result) && error === undefined) {
    return { kind: "answer", id: toId(value["id"]), answer: { kind: "result", result } };
  }
  const told = toRpcErrorOf(error);
  if (result !== undefined || told === null)
    throw refusal("A message has a method, a result or an error.");
  return { kind: "answer", id: toId(value["id"]), answer: { kind: "error", error: told } };
}

/** Null for what is not an error as JSON-RPC has it. */
export function toRpcErrorOf(error: unknown): RpcError | null {
  if (!isObject(error)) return null;
  const { code, message, data } = error as { code?: Json; message?: Json; data?: Json };
  if (!Number.isInteger(code) || typeof message !== "string") return null;
  return { code: code as number, message, ...(data === undefined ? {} : { data }) };
}

function toId(id: unknown): MessageId {
  if (typeof id === "string" && id.length <= maxId) return id;
  if (Number.isSafeInteger(id)) return id as number;
  throw refusal(`An id is a whole number or a string of at most ${maxId} characters.`);
}

export function isObject(value: unknown): value is Params {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refusal(message: string): RpcRefusal {
  return new RpcRefusal(rpcCodes.invalidRequest, message);
}
