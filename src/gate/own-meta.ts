import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";

/** What a client's `_meta` says to the gate itself; nothing of it goes upstream. */
export interface OwnMeta {
  /** The caller's name for this call: however often it is sent, it is made once. */
  readonly key: string | null;
  /** What the caller, or its model, says about its own request. */
  readonly claim: string | null;
  /** How long it would rather wait for a person than be told to come back. */
  readonly waitMs: number;
}

export const ownPrefix = "dev.countersign/";
const none: OwnMeta = Object.freeze({ key: null, claim: null, waitMs: 0 });
const maxClaim = 2_000;
const maxWaitSeconds = 600;
const keyShape = /^[\x21-\x7e]{1,255}$/;

export function readOwnMeta(meta: Json | undefined): OwnMeta {
  if (!isObject(meta)) return none;
  const key = meta[`${ownPrefix}key`] ?? null;
  const claim = meta[`${ownPrefix}claim`] ?? null;
  const wait = meta[`${ownPrefix}wait`] ?? 0;
  if (key === null && claim === null && wait === 0) return none;
  if (key !== null && (typeof key !== "string" || !keyShape.test(key)))
    throw refuse("key", "takes 1 to 255 visible ASCII characters");
  if (claim !== null && (typeof claim !== "string" || claim.length > maxClaim))
    throw refuse("claim", `takes a text of at most ${maxClaim} characters`);
  if (typeof wait !== "number" || !(wait >= 0 && wait <= maxWaitSeconds))
    throw refuse("wait", `takes seconds, at most ${maxWaitSeconds}`);
  return { key, claim, waitMs: Math.round(wait * 1_000) };
}

function refuse(name: string, why: string): RpcRefusal {
  const message = `params._meta["${ownPrefix}${name}"] ${why}.`;
  return new RpcRefusal(rpcCodes.invalidParams, message, { status: 200 });
}
