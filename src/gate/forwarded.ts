import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";

const none: Readonly<Record<string, Json>> = Object.freeze({});
const protocolPrefix = "io.modelcontextprotocol/";
const logLevel = "io.modelcontextprotocol/logLevel";

/** Of a client's `_meta`, what goes upstream: all but what says who the client is and what it speaks. */
export function toForwarded(meta: Json | undefined): Readonly<Record<string, Json>> {
  if (meta === undefined) return none;
  if (!isObject(meta))
    throw new RpcRefusal(rpcCodes.invalidParams, "params._meta is an object.", { status: 200 });
  let forwarded: Record<string, Json> | null = null;
  for (const key of Object.keys(meta)) {
    if (key.startsWith(protocolPrefix) && key !== logLevel) continue;
    forwarded ??= {};
    forwarded[key] = meta[key]!;
  }
  return forwarded ?? none;
}
