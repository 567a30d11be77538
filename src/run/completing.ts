import type { Json } from "../lib/strict-json.ts";
import type { Principal } from "../model/index.ts";
import type { ModelCall, ModelEvent, ModelRequest } from "../ports/model-backend.ts";
import type { RouteAsk, Routed } from "./model-router.ts";

/** Asked of a model by somebody outside of runs. */
export interface Completing {
  /** Of the request, for the log. */
  readonly id: string;
  readonly principal: Principal;
  readonly alias: string;
  readonly request: ModelRequest;
  /** The request as it came: what is looked through and recorded is not what was made of it. */
  readonly sent: { readonly text: string; readonly value: Json };
  readonly trace: string | null;
  /** Of whoever asked. */
  readonly signal: AbortSignal;
  readonly onAttempt: NonNullable<RouteAsk["onAttempt"]>;
  readonly onEvent: (event: ModelEvent) => void;
}

export interface Completed extends Routed {
  readonly text: string;
  readonly calls: readonly ModelCall[];
}

export interface Completions {
  /** Settled and recorded when it resolves, and when it rejects after a backend was asked. */
  complete(asking: Completing): Promise<Completed>;
}

/** Who asked whom, for the log: nothing of what was asked. */
export function toNamed({ id, principal, alias, trace }: Completing) {
  const { tenant, subject, actor } = principal;
  return { request: id, tenant, subject, agent: actor?.agent ?? null, model: alias, trace };
}
