import type { FaultCode } from "./faults.ts";

/** Whom to look at first when a run did not do what was asked. The list is closed. */
export const failureClasses = [
  "none",
  "caller",
  "policy",
  "budget",
  "deadline",
  "model",
  "upstream",
  "sandbox",
  "engine",
  "bug",
] as const;
export type FailureClass = (typeof failureClasses)[number];

export interface Failure {
  /** Null: this version does not know the code, and guesses nothing. */
  readonly class: FailureClass | null;
  readonly code: string;
}

/** Each fault has its class: one that is new has none until somebody has thought of it. */
const ofFaults = {
  internal: "bug",
  config_invalid: "caller",
  config_stale: "caller",
  config_busy: "engine",
  config_unstartable: "caller",
  store_unavailable: "engine",
  store_full: "engine",
  store_read_only: "engine",
  store_incompatible: "engine",
  store_busy: "engine",
  payload_invalid: "caller",
  payload_too_large: "caller",
  checkpoints_unusable: "engine",
  receipt_pending: "engine",
  record_unreadable: "engine",
  wake_parked: "bug",
  draining: "engine",
  secret_unresolved: "engine",
  secret_unreadable: "engine",
  unauthenticated: "caller",
  issuer_unavailable: "upstream",
  forbidden: "policy",
  not_found: "caller",
  deadline_exceeded: "deadline",
  unreachable: "engine",
  request_invalid: "caller",
  request_timeout: "caller",
  headers_too_large: "caller",
  method_not_allowed: "caller",
  not_acceptable: "caller",
  media_unsupported: "caller",
  precondition_required: "caller",
  host_refused: "policy",
  origin_refused: "policy",
  approvals_full: "policy",
  approval_decided: "policy",
  approval_expired: "policy",
  approval_changed: "policy",
  passkey_required: "policy",
  key_reused: "caller",
  call_late: "deadline",
  call_settled: "caller",
  key_in_use: "engine",
  facts_stale: "engine",
  thing_in_use: "engine",
  run_taken: "engine",
  run_ended: "caller",
  overloaded: "engine",
  directory_locked: "engine",
  address_unusable: "engine",
  address_exposed: "engine",
  keys_unusable: "engine",
  upstream_unreachable: "upstream",
  sandbox_missing: "sandbox",
  sandbox_failed: "sandbox",
  setup_failed: "engine",
  upstream_lost: "upstream",
  upstream_garbled: "upstream",
  upstream_busy: "upstream",
  upstream_open: "upstream",
  caller_busy: "caller",
  tenant_busy: "caller",
  budget_exhausted: "budget",
  price_unknown: "budget",
  credential_refused: "upstream",
  credential_unavailable: "upstream",
  credential_rejected: "upstream",
  consent_refused: "policy",
  passkey_refused: "policy",
  model_busy: "model",
  model_unavailable: "model",
  model_broken: "model",
  model_refused: "model",
  context_full: "model",
  address_refused: "policy",
  secret_sent: "policy",
  tool_blocked: "policy",
  frozen: "policy",
  freeze_unknown: "engine",
  drift_stale: "caller",
  result_invalid: "upstream",
  parked_lost: "upstream",
  stream_taken: "caller",
  usage_invalid: "caller",
} as const satisfies Readonly<Record<FaultCode, FailureClass>>;

/** What a run's own log says besides: reasons of its stops and ends, and outcomes of its calls. */
const ofRuns = {
  budget: "budget",
  deadline: "deadline",
  // A bound that somebody set, as a budget is.
  steps: "budget",
  loop: "model",
  parked: "bug",
  partial: "upstream",
  cancelled: "caller",
  model_length: "model",
  model_other: "model",
  worker_lost: "engine",
  tool_error: "upstream",
  unavailable: "upstream",
  unknown: "upstream",
  fault: "upstream",
  denied: "policy",
} as const satisfies Readonly<Record<string, FailureClass>>;

const known: Readonly<Record<string, FailureClass>> = { ...ofFaults, ...ofRuns };

export function toFailure(code: string): Failure {
  return { code, class: Object.hasOwn(known, code) ? known[code]! : null };
}
