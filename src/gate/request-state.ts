import { hash } from "node:crypto";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import { toCanonicalText, toPrincipalKey, type ApprovalId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Sealer } from "../ports/sealer.ts";
import type { ApprovalOfCall, Call, DecidedCall } from "./call.ts";
import { toBound } from "./forwarded.ts";

/**
 * What a client brings back with its answer. `relay`: a server's own state; `parked`: a call of ours;
 * `consent`: a call that was not sent, with what it would have brought along.
 */
export type RequestState =
  /** A call that waits for a person's yes. */
  | { readonly kind: "approval"; readonly id: ApprovalId }
  | {
      readonly kind: "relay";
      readonly state: string | null;
      /** What the server was sent when it asked. */
      readonly after: string;
    }
  | { readonly kind: "consent"; readonly extra: string }
  | { readonly kind: "parked"; readonly id: string; readonly owner: string };

export type UnsealedState = RequestState & {
  /** What the call used before its server, or a credential, had to be asked about. */
  readonly used: UsedApproval | null;
  /** Its key is that of the call which it continues; else it has one of its own, which is looked up. */
  readonly isKeyTaken: boolean;
};

export interface UsedApproval {
  readonly id: ApprovalId;
  /** Of several states that go on from one point, one goes on. */
  readonly round: string;
}

/** Before it is decided it has used nothing. */
type Sealable = Call & Partial<Pick<DecidedCall, "approval" | "claims">>;

export interface RequestStates {
  seal(call: Sealable, state: RequestState): string;
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
      const { approval = null, claims = null } = call;
      const used = approval === null ? null : toUsed(approval, state);
      const isKeyTaken = call.own.key !== null && claims === null;
      return sealer.seal(
        "request-state",
        JSON.stringify({ ...state, used, isKeyTaken, of: toOf(call, used), expiresAtMs }),
      );
    },
    unseal(call, sealed) {
      const text = sealer.unseal("request-state", sealed);
      const read: unknown = text === null ? null : JSON.parse(text);
      if (!isObject(read)) throw refusal("requestState is not one of ours");
      // We sealed it: it is what it was.
      const state = read as unknown as UnsealedState & Sealed;
      if (state.of !== toOf(call, state.used))
        throw refusal("requestState belongs to another request");
      // Anything but a number is no time.
      if (!(state.expiresAtMs > clock.nowMs())) throw refusal("requestState has expired");
      return state;
    },
  };
}

interface Sealed {
  readonly of: string;
  readonly expiresAtMs: number;
}

/**
 * After a server's question the call is at another point. After our own about a credential it is where
 * it was: nothing was sent, and however often it is asked, it goes on once.
 */
function toUsed({ id, round }: ApprovalOfCall, state: RequestState): UsedApproval {
  return { id, round: state.kind === "relay" ? state.after : round };
}

/** What a person agreed to has its metadata in it, so that it goes on with no other. */
function toOf(call: Call, used: UsedApproval | null): string {
  const { request, server, method, target, canonical, tool } = call;
  const { run } = request;
  const parts = [
    toPrincipalKey(request.principal),
    request.toolset,
    request.context,
    server.name,
    method,
    target,
    tool?.acting ?? null,
    canonical,
    used === null ? null : toCanonicalText(toBound(call.forwarded)),
    ...(run === undefined ? [] : [run.run, run.step, run.ordinal]),
  ];
  return hash("sha256", JSON.stringify(parts), "base64url");
}

function refusal(why: string): RpcRefusal {
  return new RpcRefusal(rpcCodes.invalidParams, `${why}. Send the request again without it.`, {
    status: 200,
  });
}
