import { Fault, faults, type FaultCode } from "../../model/index.ts";
import { toRefusal, type Refusal } from "../refusal.ts";

/** What the format says with another status than our own interface. */
const statuses: Partial<Record<FaultCode, number>> = {
  // Its clients ask again after 409 and 502, which would come to the same.
  price_unknown: 402,
  model_refused: 400,
  model_unavailable: 503,
};

const types: Readonly<Record<number, string>> = {
  401: "authentication_error",
  402: "insufficient_quota",
  403: "permission_error",
  404: "not_found_error",
  429: "rate_limit_error",
};

export interface OpenaiError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string;
}

export interface OpenaiRefusal extends Pick<Refusal, "status" | "headers"> {
  readonly body: { readonly error: OpenaiError };
}

/** The same no in the form that OpenAI's clients read. */
export function toOpenaiRefusal(error: unknown, request: string, nowMs: number): OpenaiRefusal {
  const refusal = toRefusal(error, request);
  const fault = error instanceof Fault ? error : new Fault("internal", "Something is broken here.");
  const status = statuses[fault.code] ?? refusal.status;
  const { retryable } = faults[fault.code];
  return {
    status,
    headers: {
      ...refusal.headers,
      ...toRetryAfter(fault, nowMs),
      // Heeded by the official clients before their own judgement of the status: none of them pays twice
      // without being told to.
      "x-should-retry": String(retryable && fault.details["isOwed"] !== true),
    },
    body: { error: toOpenaiError(fault) },
  };
}

/** In the middle of a stream, too, where no status is left to say. */
export function toOpenaiError(error: unknown): OpenaiError {
  const fault = error instanceof Fault ? error : new Fault("internal", "Something is broken here.");
  const { code, message, details } = fault;
  const status = statuses[code] ?? faults[code].status;
  const { param } = details;
  return {
    message,
    type: toType(code, status),
    param: typeof param === "string" ? param : null,
    code: param === "model" && code === "not_found" ? "model_not_found" : code,
  };
}

function toType(code: FaultCode, status: number): string {
  if (code === "budget_exhausted") return "insufficient_quota";
  return types[status] ?? (status >= 500 ? "server_error" : "invalid_request_error");
}

/** At least a second: what is over sooner is over by then. */
function toRetryAfter({ details }: Fault, nowMs: number): Readonly<Record<string, string>> {
  const { retryAfterMs, resetsAt } = details;
  const resetsMs = typeof resetsAt === "string" ? Date.parse(resetsAt) - nowMs : retryAfterMs;
  if (typeof resetsMs !== "number" || !Number.isFinite(resetsMs)) return {};
  return { "retry-after": String(Math.max(1, Math.ceil(resetsMs / 1000))) };
}
