import type { Json } from "../lib/strict-json.ts";
import type { RpcError } from "../model/protocol.ts";
import type { MessageId } from "./read-message.ts";

/** Messages as text. What is put in as text was read before, so that the whole is valid JSON. */
export function writeRequest(request: {
  readonly id: MessageId;
  readonly method: string;
  /** Members of params without braces; empty for none. */
  readonly members: string;
  /** JSON text of `_meta`, or null for none. */
  readonly meta: string | null;
}): string {
  const { id, method, members, meta } = request;
  const separator = members === "" || meta === null ? "" : ",";
  const metaMember = meta === null ? "" : `"_meta":${meta}`;
  return `{"jsonrpc":"2.0","id":${writeId(id)},"method":${JSON.stringify(method)},"params":{${members}${separator}${metaMember}}}`;
}

export function writeResult(id: MessageId, result: string): string {
  return `{"jsonrpc":"2.0","id":${writeId(id)},"result":${result}}`;
}

export function writeError(id: MessageId | null, error: RpcError): string {
  // The id is left out where none could be read: null is no id of the protocol.
  return JSON.stringify({ jsonrpc: "2.0", ...(id === null ? {} : { id }), error });
}

export function writeNotification(method: string, params: Readonly<Record<string, Json>>): string {
  return JSON.stringify({ jsonrpc: "2.0", method, params });
}

function writeId(id: MessageId): string {
  return typeof id === "number" ? String(id) : JSON.stringify(id);
}

/** One server-sent event. A line break in JSON is white space, and each line is a field of its own. */
export function writeEvent(message: string, id?: string): string {
  const lines =
    message.includes("\n") || message.includes("\r") ? message.split(/\r\n|\n|\r/) : [message];
  const eventId = id === undefined ? "" : `id: ${id}\n`;
  return `${eventId}event: message\n${lines.map((line) => `data: ${line}\n`).join("")}\n`;
}
