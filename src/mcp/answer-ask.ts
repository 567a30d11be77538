import { Fault } from "../model/index.ts";
import type { AskAnswer, UpstreamRequest } from "../ports/upstream.ts";
import type { Reply } from "./read-reply.ts";
import { rpcCodes } from "./rpc-error.ts";

type Ask = Pick<Extract<Reply, { kind: "request" }>, "method" | "params">;

export interface Asking {
  /** The call that it can only be of; null: which one asks cannot be told, so no person is asked. */
  readonly request: Pick<UpstreamRequest, "onAsk"> | null;
  readonly signal: AbortSignal;
  readonly onUntold: () => void;
}

/** Of one connection, whose calls may all wait for people; what its server asks beyond is left unanswered. */
export const maxAsks = 1_000;

/** What a server is answered that asks something in the middle of a call, or between calls. */
export async function answerAsk(
  { method, params }: Ask,
  { request, signal, onUntold }: Asking,
): Promise<AskAnswer> {
  if (method === "ping") return { kind: "result", result: {} };
  if (request === null) {
    if (method === "roots/list") return { kind: "result", result: { roots: [] } };
    onUntold();
    return toError("Which call asks cannot be told.");
  }
  try {
    return await request.onAsk({ method, params, signal });
  } catch (error) {
    return toError(error instanceof Fault ? error.message : "The client was not asked.");
  }
}

function toError(message: string): AskAnswer {
  return { kind: "error", error: { code: rpcCodes.internal, message } };
}
