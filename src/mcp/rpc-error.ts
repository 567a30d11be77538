import { faults, type Fault } from "../model/index.ts";
import type { RpcError } from "../model/protocol.ts";
import type { Json } from "../lib/strict-json.ts";

/** Codes of JSON-RPC and of the protocol itself; those of faults stand in `model/faults.ts`. */
export const rpcCodes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
  /** Before 2026-07-28 a missing resource had a code of its own. */
  legacyResourceNotFound: -32002,
  /** Before 2026-07-28: the call can be made once the person was at the pages that it names. */
  urlElicitationRequired: -32042,
} as const;

/** A request that the protocol itself refuses: thrown by what reads it, rendered by the face. */
export class RpcRefusal extends Error {
  readonly code: number;
  readonly status: number;
  readonly data: Json | undefined;
  constructor(
    code: number,
    message: string,
    { status = 400, data }: { readonly status?: number; readonly data?: Json } = {},
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.data = data;
  }
}

/** What a fault looks like to a client of the protocol: named as a fault, never as a tool's answer. */
export function toRpcError(fault: Fault): RpcError {
  const { rpc, hint, retryable } = faults[fault.code];
  return { code: rpc, message: fault.message, data: { fault: fault.code, hint, retryable } };
}
