import { hash } from "node:crypto";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import { toPrincipalKey, type ApprovalId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Sealer } from "../ports/sealer.ts";
import type { ApprovalOfCall, Call } from "./call.ts";

/**
 * What a client brings back with its answer. `relay`: a server's own state; `parked`: a call of ours;
 * `consent`: a call that was not sent, with what it would have brought along.
 */
export type RequestState =
  /** A call that waits for a person's yes. */
  | { readonly kind: "approval"; readonly id: ApprovalId }
  | { readonly kind: "relay"; readonly state: string | null }
  | { readonly kind: "consent"; readonly extra: string }
  | { readonly kind: "parked"; readonly id: string; readonly owner: string };

export type UnsealedState = RequestState & {
  /** The one that the call used before its server, or a credential, had to be asked about. */
  readonly used: ApprovalId | null;
};

export interface RequestStates {
  seal(call: Call & { readonly approval?: ApprovalOfCall | null }, state: RequestState): string;
  /** Throws -32602 for what was not sealed for this very call, principal and time. */
  unseal(call: Call, sealed: string): UnsealedState;
}

/** Bound to who asked, what was asked and until when; a changed argument makes it worthless. */
export function createRequestStates({
  sealer,
  clock,
  lifeMs,
}: {
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly lifeMs: number;
}): RequestStates {
  return {
    seal(call, state) {
      const expiresAtMs = clock.nowMs() + lifeMs;
      return sealer.seal(
        "request-state",
        JSON.stringify({ ...state, used: call.approval?.id ?? null, of: toOf(call), expiresAtMs }),
      );
    },
    unseal(call, sealed) {
      const text = sealer.unseal("request-state", sealed);
      const read: unknown = text === null ? null : JSON.parse(text);
      if (!isObject(read)) throw refusal("requestState is not one of ours");
      if (read["of"] !== toOf(call)) throw refusal("requestState belongs to another request");
      if (Number(read["expiresAtMs"]) <= clock.nowMs()) throw refusal("requestState has expired");
      return read as unknown as UnsealedState;
    },
  };
}

function toOf({ request, server, method, target, canonical, tool }: Call): string {
  const parts = [
    toPrincipalKey(request.principal),
    request.toolset,
    request.context,
    server.name,
    method,
    target,
    tool?.acting ?? null,
    canonical,
  ];
  return hash("sha256", JSON.stringify(parts), "base64url");
}

function refusal(why: string): RpcRefusal {
  return new RpcRefusal(rpcCodes.invalidParams, `${why}. Send the request again without it.`, {
    status: 200,
  });
}
