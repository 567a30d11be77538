import type { ServerResponse } from "node:http";
import type { MessageId } from "../../mcp/read-message.ts";
import { RpcRefusal, rpcCodes, toRpcError } from "../../mcp/rpc-error.ts";
import { writeError } from "../../mcp/write-message.ts";
import { Fault, faults } from "../../model/index.ts";
import type { RpcError } from "../../model/protocol.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import { Answering } from "./answering.ts";

/** A no to a request that could be read: an answer to it, with the status that its kind asks for. */
export function refuseRequest(answering: Answering, id: MessageId, error: unknown): void {
  if (error instanceof RpcRefusal) {
    answering.end(writeError(id, toRpcErrorOfAny(error)), error.status);
    return;
  }
  if (!(error instanceof Fault)) throw error;
  const { status } = faults[error.code];
  // What a proxy must not repeat or hold against this server stays an answer of the protocol.
  const message = writeError(id, toRpcError(error));
  if (ownStatuses.has(status)) answering.end(message, status, toRetryAfter(error));
  else answering.end(message);
}

/** As long as the fault says, in whole seconds; else one. */
function toRetryAfter({ retryable, details }: Fault): Readonly<Record<string, string>> {
  const { retryAfterMs } = details;
  if (!retryable) return {};
  const seconds = typeof retryAfterMs === "number" ? Math.ceil(retryAfterMs / 1_000) : 1;
  return { "retry-after": String(Math.max(1, seconds)) };
}

const ownStatuses: ReadonlySet<number> = new Set([403, 404, 429, 503]);

/** Throws what is neither a refusal nor a fault: a bug. */
export function toRpcErrorOfAny(error: unknown): RpcError {
  if (error instanceof Fault) return toRpcError(error);
  if (!(error instanceof RpcRefusal)) throw error;
  const { code, message, data } = error;
  return { code, message, ...(data === undefined ? {} : { data }) };
}

/** A no to what could not be read as a request; every answer of these paths is one of JSON-RPC. */
export function refuseArrival(
  outgoing: ServerResponse,
  error: unknown,
  telemetry: Telemetry,
): void {
  const answering = new Answering(outgoing, toHeaders(error));
  if (error instanceof RpcRefusal || error instanceof Fault) {
    const status = error instanceof Fault ? faults[error.code].status : error.status;
    answering.end(writeError(null, toRpcErrorOfAny(error)), status);
    return;
  }
  const stack = error instanceof Error ? error.stack : String(error);
  telemetry.log("error", "bug", { stack });
  // The head is gone already: all that is left to say is that the answer is not whole.
  if (outgoing.headersSent) return void outgoing.destroy();
  const broken = { code: rpcCodes.internal, message: "Something is broken here." };
  answering.end(writeError(null, broken), 500);
}

function toHeaders(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof Fault)) return {};
  const allow = error.details["allow"];
  return {
    ...toRetryAfter(error),
    ...(Array.isArray(allow) ? { allow: allow.join(", ") } : {}),
  };
}
