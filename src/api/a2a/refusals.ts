import type { ServerResponse } from "node:http";
import type { MessageId } from "../../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../../mcp/rpc-error.ts";
import { Fault, faults } from "../../model/index.ts";

/** Errors of the protocol's own, as its binding to JSON-RPC numbers them. */
const refusals = {
  TASK_NOT_FOUND: -32001,
  TASK_NOT_CANCELABLE: -32002,
  PUSH_NOTIFICATION_NOT_SUPPORTED: -32003,
  UNSUPPORTED_OPERATION: -32004,
  CONTENT_TYPE_NOT_SUPPORTED: -32005,
  VERSION_NOT_SUPPORTED: -32009,
} as const;
type Reason = keyof typeof refusals;

/** An answer of the protocol, which no proxy should take for a failure of ours. */
const answered = 200;

export function refuse(
  reason: Reason,
  message: string,
  metadata: Readonly<Record<string, string>> = {},
): RpcRefusal {
  const data = [toErrorInfo(reason, "a2a-protocol.org", metadata)];
  return new RpcRefusal(refusals[reason], message, { status: answered, data });
}

/** One that is another's is as one that is not there. */
export function noTask(id: string): RpcRefusal {
  const taskId = id.slice(0, 64);
  return refuse("TASK_NOT_FOUND", `There is no task ${taskId}.`, { taskId });
}

export function refuseMethod(method: string): RpcRefusal {
  return new RpcRefusal(rpcCodes.methodNotFound, `There is no method ${method}.`, {
    status: answered,
  });
}

export function refuseParams(field: string, description: string): RpcRefusal {
  const violations = [{ field, description }];
  const data = [
    { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: violations },
  ];
  const message = `Invalid parameters: ${field === "" ? "" : `${field}: `}${description}`;
  return new RpcRefusal(rpcCodes.invalidParams, message, { status: answered, data });
}

/** What a proxy must know of: it repeats these, or does not hold them against this server. */
const ownStatuses: ReadonlySet<number> = new Set([403, 404, 429, 503]);

/** A no as an answer of JSON-RPC. What is neither a refusal nor a fault is a bug, and thrown on. */
export function answerRefusal(
  outgoing: ServerResponse,
  id: MessageId | null,
  error: unknown,
): void {
  if (!(error instanceof RpcRefusal) && !(error instanceof Fault)) throw error;
  // What was begun as a stream can only be cut: its client comes back and asks.
  if (outgoing.headersSent) return void outgoing.destroy();
  const status = toStatus(error, id);
  const body = JSON.stringify({ jsonrpc: "2.0", id, error: toRpcError(error) });
  // A body that is still to come would be read to its end, however long it is.
  if (!outgoing.req.complete) outgoing.shouldKeepAlive = false;
  outgoing.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...toHeaders(error),
  });
  outgoing.end(body);
}

function toStatus(error: RpcRefusal | Fault, id: MessageId | null): number {
  if (error instanceof RpcRefusal) return error.status;
  const { status } = faults[error.code];
  return id === null || ownStatuses.has(status) ? status : answered;
}

function toRpcError(error: RpcRefusal | Fault): object {
  const { message } = error;
  if (error instanceof Fault) {
    const { rpc, hint } = faults[error.code];
    const data = [toErrorInfo(error.code.toUpperCase(), "countersign.dev", { hint })];
    return { code: rpc, message, data };
  }
  const { code, data } = error;
  // What could not be read at all says where in a form of its own.
  return { code, message, ...(Array.isArray(data) ? { data } : {}) };
}

function toErrorInfo(reason: string, domain: string, metadata: Readonly<Record<string, string>>) {
  return { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain, metadata };
}

function toHeaders(error: RpcRefusal | Fault): Readonly<Record<string, string>> {
  if (error instanceof RpcRefusal) return {};
  const allow = error.details["allow"];
  return {
    ...(faults[error.code].retryable ? { "retry-after": "1" } : {}),
    ...(Array.isArray(allow) ? { allow: allow.join(", ") } : {}),
  };
}
