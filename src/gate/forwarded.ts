import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { ownPrefix } from "./own-meta.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";

const none: Readonly<Record<string, Json>> = Object.freeze({});
const protocolPrefix = "io.modelcontextprotocol/";
const logLevel = "io.modelcontextprotocol/logLevel";

/** Of a client's `_meta`, what goes upstream: all but what says who the client is and what it speaks. */
export function toForwarded(meta: Json | undefined): Readonly<Record<string, Json>> {
  if (meta === undefined) return none;
  if (!isObject(meta))
    throw new RpcRefusal(rpcCodes.invalidParams, "params._meta is an object.", { status: 200 });
  const forwarded = Object.entries(meta).filter(([key]) => isForwarded(key));
  // Not by assigning: whatever a key is called, it is a member and nothing else.
  return forwarded.length === 0 ? none : Object.fromEntries(forwarded);
}

function isForwarded(key: string): boolean {
  return !key.startsWith(ownPrefix) && (!key.startsWith(protocolPrefix) || key === logLevel);
}

/**
 * Of what goes upstream, what an intent is bound to: all but what names this one sending, which is
 * another each time the same is asked for again.
 */
export function toBound(forwarded: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  if (!("progressToken" in forwarded || "traceparent" in forwarded)) return forwarded;
  const { progressToken: _, traceparent, ...bound } = forwarded;
  // One of another shape could be anything, and is bound like anything else.
  return isTrace(traceparent) ? bound : { ...bound, traceparent: traceparent! };
}

const traceShape = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

function isTrace(parent: Json | undefined): boolean {
  return parent === undefined || (typeof parent === "string" && traceShape.test(parent));
}
