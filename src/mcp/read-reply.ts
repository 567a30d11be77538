import type { Json } from "../lib/strict-json.ts";
import { Fault } from "../model/index.ts";
import type { RpcError } from "../model/protocol.ts";
import { isObject, toRpcErrorOf, type MessageId, type Params } from "./read-message.ts";

/**
 * What a server sends. Results go back as the bytes that came, so beside its value a result keeps its
 * text. Read by `JSON.parse`, as clients will: what a server says is passed on, not decided on.
 */
export type Reply =
  | {
      readonly kind: "result";
      readonly id: MessageId;
      readonly text: string;
      readonly value: Params;
    }
  | { readonly kind: "error"; readonly id: MessageId | null; readonly error: RpcError }
  | {
      readonly kind: "request";
      readonly id: MessageId;
      readonly method: string;
      readonly params: Params;
    }
  | { readonly kind: "notification"; readonly method: string; readonly params: Params };

/** Throws `upstream_garbled` for what is no message of the protocol. */
export function readReply(text: string): Reply {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw garbled("text that is not JSON");
  }
  if (!isObject(value) || value["jsonrpc"] !== "2.0") throw garbled("JSON that is not a message");
  const { id, method, result } = value;
  // Some servers write both members and leave one of them null.
  const error = value["error"] ?? undefined;
  if (method !== undefined) return toAsked(value);
  if (error !== undefined && !isObject(result)) {
    const told = toRpcErrorOf(error);
    if (told === null) throw garbled("an error without a code and a message");
    return { kind: "error", id: isId(id) ? id : null, error: told };
  }
  if (!isObject(result) || error !== undefined || !isId(id))
    throw garbled("no result, or one without an id");
  return { kind: "result", id, text: memberText(text, "result"), value: result };
}

function toAsked(value: Params): Reply {
  const { id, method, params = {} } = value;
  if (typeof method !== "string" || !isObject(params))
    throw garbled("a method or params of a wrong kind");
  if (id === undefined) return { kind: "notification", method, params };
  if (!isId(id)) throw garbled("an id of a wrong kind");
  return { kind: "request", id, method, params };
}

function isId(id: unknown): id is MessageId {
  return typeof id === "string" || Number.isSafeInteger(id);
}

function garbled(what: string): Fault {
  return new Fault("upstream_garbled", `The server answered with ${what}.`);
}

const quote = 0x22;
const backslash = 0x5c;

/**
 * The text of a member of an object that is known to be valid JSON. A key that stands twice is
 * refused: the value was read from the last one, and a client might read the first.
 */
export function memberText(text: string, key: string): string {
  let found: string | null = null;
  let at = skipSpace(text, text.indexOf("{") + 1);
  while (text.charCodeAt(at) === quote) {
    const keyEnd = skipString(text, at);
    const name = text.slice(at, keyEnd);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = skipValue(text, start);
    if (name === `"${key}"` || (name.includes("\\") && JSON.parse(name) === key)) {
      if (found !== null) throw garbled(`${key} twice`);
      found = text.slice(start, end);
    }
    const next = skipSpace(text, end);
    at = skipSpace(text, next + 1);
    if (text.charCodeAt(next) !== 0x2c) break;
  }
  if (found === null) throw garbled(`no ${key}`);
  return found;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

/** `from` is at the opening quote; the place after the closing one. */
function skipString(text: string, from: number): number {
  let at = text.indexOf('"', from + 1);
  for (;;) {
    let before = at - 1;
    while (text.charCodeAt(before) === backslash) before -= 1;
    if ((at - before) % 2 === 1) return at + 1;
    at = text.indexOf('"', at + 1);
  }
}

function skipValue(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === quote) return skipString(text, from);
  if (first !== 0x7b && first !== 0x5b) return skipWord(text, from);
  let depth = 0;
  for (let at = from; ;) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = skipString(text, at);
      continue;
    }
    if (code === 0x7b || code === 0x5b) depth += 1;
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at + 1;
    at += 1;
  }
}

function skipWord(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (Number.isNaN(code) || code === 0x2c || code === 0x7d || code === 0x5d || code <= 0x20)
      return at;
    at += 1;
  }
}
