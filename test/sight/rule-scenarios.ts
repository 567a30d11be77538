/** By series: what it stays at, by how much it grows, or values as promtool writes them, one a minute. */
export type Values = Readonly<Record<string, number | Growth | string>>;

interface Growth {
  readonly perMinute: number;
}
const perMinute = (by: number): Growth => ({ perMinute: by });

export interface Scenario {
  readonly alert: string;
  readonly severity: "page" | "ticket";
  /** What is otherwise than in the healthy system, or there besides. */
  readonly values: Values;
  /** When it has fired. */
  readonly at: string;
}

const shop = 'server="shop",tool_name="pay"';
/** A busy system in which all is well. */
export const healthy: Values = {
  'up{job="countersign",instance="a"}': 1,
  [`mcp_tool_call_total{${shop},outcome="answered"}`]: perMinute(60),
  [`mcp_tool_call_total{${shop},outcome="denied"}`]: perMinute(20),
  [`mcp_tool_call_errors_total{${shop},kind="tool_error"}`]: 0,
  [`mcp_tool_call_errors_total{${shop},kind="fault"}`]: 0,
  [`mcp_tool_call_duration_seconds_bucket{${shop},le="0.2"}`]: perMinute(60),
  [`mcp_tool_call_duration_seconds_count{${shop}}`]: perMinute(60),
  'countersign_model_first_token_seconds_bucket{le="0.5"}': perMinute(30),
  countersign_model_first_token_seconds_count: perMinute(30),
  'countersign_model_tokens_per_second_bucket{le="30"}': 0,
  countersign_model_tokens_per_second_count: perMinute(30),
  'countersign_run_states_total{state="completed"}': perMinute(10),
  'countersign_run_states_total{state="failed"}': 0,
  countersign_gate_waiting: 2,
  countersign_http_requests_waiting: 0,
  countersign_model_waiting: 9,
  'countersign_wakes_queued{state="queued"}': 1,
  'countersign_wakes_queued{state="parked"}': 0,
  countersign_wakes_oldest_seconds: 1,
  countersign_approvals_oldest_seconds: 60,
  'countersign_server_breaker_open{server="shop"}': 0,
  'countersign_server_down{server="shop",instance="a"}': 0,
  // One of two replicas does not reach it: the other does.
  'countersign_server_down{server="shop",instance="b"}': 1,
  'countersign_server_blocked_tools{server="shop"}': 0,
  'countersign_model_breaker_open{backend="local"}': 0,
  'DCGM_FI_DEV_GPU_UTIL{gpu="0",Hostname="a"}': 85,
  'vllm:num_requests_waiting{model_name="m"}': 5,
  'countersign_sandbox_start_seconds_bucket{le="0.5"}': perMinute(5),
  'countersign_sandbox_start_seconds_bucket{le="10"}': perMinute(5),
  'countersign_sandbox_start_seconds_bucket{le="+Inf"}': perMinute(5),
  countersign_ledger_forked: 0,
  countersign_ledger_waiting_seconds: 1,
  countersign_gate_record_retries_total: 0,
  'countersign_gate_calls_total{outcome="unknown"}': 0,
  'countersign_store_batch_seconds_bucket{le="0.025"}': perMinute(100),
  'countersign_store_batch_seconds_bucket{le="0.5"}': perMinute(100),
  'countersign_store_batch_seconds_bucket{le="+Inf"}': perMinute(100),
  countersign_standing_faults_total: 0,
  'countersign_gate_leaks_total{where="answer"}': 0,
  'countersign_telemetry_refusals_total{reason="labels"}': 0,
  'countersign_context_quality_sum{agent="desk",measure="well_formed"}': perMinute(10),
  'countersign_context_quality_count{agent="desk",measure="well_formed"}': perMinute(10),
  'countersign_mcp_index_stale{server="search",index="docs"}': 0,
  'countersign_mcp_index_age_seconds{server="search",index="docs"}': 300,
  'countersign_memory_stale_share{scope="agent"}': 0.05,
  'countersign_webhook_deliveries_total{outcome="given_up"}': 0,
  'countersign_config_follows_total{outcome="refused"}': 0,
};

const once = (alert: string, severity: Scenario["severity"], series: string): Scenario => ({
  alert,
  severity,
  // Well for ten minutes, then once something that should never be.
  values: { [series]: "0x10 1x60" },
  at: "14m",
});
const since = (alert: string, severity: Scenario["severity"], changed: Values): Scenario => ({
  alert,
  severity,
  values: changed,
  at: "30m",
});

const errors = `mcp_tool_call_errors_total{${shop},kind="tool_error"}`;
const burning = (alert: string, values: { page: Values; ticket: Values }): Scenario[] => [
  { alert, severity: "page", values: values.page, at: "1h" },
  { alert, severity: "ticket", values: values.ticket, at: "8h" },
];

export const scenarios: readonly Scenario[] = [
  since("CountersignDown", "page", { 'up{job="countersign",instance="a"}': "1x10 0x60" }),
  // 6 of 60 calls a minute: 10 %.
  since("CountersignToolErrors", "page", { [errors]: "0x10 0+6x60" }),
  ...burning("CountersignToolSuccessBurn", {
    page: { [errors]: perMinute(6) },
    // 0.6 of 100: just over the 0.5 that may fail.
    ticket: { [errors]: perMinute(0.36) },
  }),
  ...burning("CountersignToolLatencyBurn", {
    page: { [`mcp_tool_call_duration_seconds_bucket{${shop},le="0.2"}`]: perMinute(30) },
    ticket: { [`mcp_tool_call_duration_seconds_bucket{${shop},le="0.2"}`]: perMinute(59) },
  }),
  ...burning("CountersignFirstTokenBurn", {
    page: { 'countersign_model_first_token_seconds_bucket{le="0.5"}': perMinute(3) },
    ticket: { 'countersign_model_first_token_seconds_bucket{le="0.5"}': perMinute(27) },
  }),
  ...burning("CountersignTokenRateBurn", {
    page: { 'countersign_model_tokens_per_second_bucket{le="30"}': perMinute(27) },
    ticket: { 'countersign_model_tokens_per_second_bucket{le="30"}': perMinute(3) },
  }),
  ...burning("CountersignTaskCompletionBurn", {
    page: { 'countersign_run_states_total{state="failed"}': perMinute(50) },
    ticket: { 'countersign_run_states_total{state="failed"}': perMinute(1) },
  }),
  since("CountersignQueueDeep", "ticket", { countersign_gate_waiting: "2x10 11x60" }),
  since("CountersignRunsWaitForWorkers", "page", { countersign_wakes_oldest_seconds: "90x60" }),
  since("CountersignApprovalsWait", "ticket", {
    countersign_approvals_oldest_seconds: "3500+60x60",
  }),
  since("CountersignServerBreakerOpen", "page", {
    'countersign_server_breaker_open{server="shop"}': "1x60",
  }),
  since("CountersignServerDown", "ticket", {
    'countersign_server_down{server="shop",instance="a"}': "0x5 1x60",
  }),
  since("CountersignToolsBlocked", "ticket", {
    'countersign_server_blocked_tools{server="shop"}': "0x5 2x60",
  }),
  since("CountersignModelBreakerOpen", "page", {
    'countersign_model_breaker_open{backend="local"}': "1x60",
  }),
  since("CountersignGpuIdle", "ticket", { 'DCGM_FI_DEV_GPU_UTIL{gpu="0",Hostname="a"}': "40x60" }),
  since("CountersignSandboxStartsSlow", "ticket", {
    'countersign_sandbox_start_seconds_bucket{le="0.5"}': "0x60",
  }),
  since("CountersignLedgerForked", "page", { countersign_ledger_forked: "0x10 1x60" }),
  since("CountersignLedgerBehind", "ticket", { countersign_ledger_waiting_seconds: "40x60" }),
  since("CountersignRecordsRetried", "page", { countersign_gate_record_retries_total: "0+2x60" }),
  once("CountersignCallsInDoubt", "ticket", 'countersign_gate_calls_total{outcome="unknown"}'),
  since("CountersignStoreSlow", "ticket", {
    'countersign_store_batch_seconds_bucket{le="0.025"}': "0+90x60",
  }),
  since("CountersignStandingUnknown", "ticket", { countersign_standing_faults_total: "0+1x60" }),
  once("CountersignSecretLeaked", "page", 'countersign_gate_leaks_total{where="answer"}'),
  once(
    "CountersignSamplesRefused",
    "ticket",
    'countersign_telemetry_refusals_total{reason="labels"}',
  ),
  since("CountersignRunsParked", "ticket", { 'countersign_wakes_queued{state="parked"}': "1x60" }),
  {
    ...since("CountersignContextPoor", "ticket", {
      'countersign_context_quality_sum{agent="desk",measure="well_formed"}': perMinute(9),
    }),
    at: "2h",
  },
  since("CountersignIndexStale", "ticket", {
    'countersign_mcp_index_stale{server="search",index="docs"}': "0x5 1x60",
  }),
  since("CountersignIndexUnheard", "ticket", {
    'countersign_mcp_index_age_seconds{server="search",index="docs"}': "860+60x60",
  }),
  {
    ...since("CountersignMemoryStale", "ticket", {
      'countersign_memory_stale_share{scope="agent"}': "0.3x200",
    }),
    at: "90m",
  },
  once(
    "CountersignWebhooksLost",
    "ticket",
    'countersign_webhook_deliveries_total{outcome="given_up"}',
  ),
  once("CountersignRevisionRefused", "page", 'countersign_config_follows_total{outcome="refused"}'),
];
