import type { MetricOf } from "../ports/metrics.ts";
import type { Alert } from "./alert.ts";
import { burnAlerts } from "./burn-rates.ts";
import { countOf, mean, quantile, series } from "./promql.ts";
import { targets } from "./slos.ts";

type Gauge = MetricOf<"gauge">;
type Counter = MetricOf<"counter">;

const ofTool = "server, tool_name";

/** Symptoms first: what whoever uses it notices. */
const symptoms: readonly Alert[] = [
  {
    name: "CountersignDown",
    severity: "page",
    for: "2m",
    expr: 'up{job="countersign"} == 0',
    summary: "A replica does not answer scrapes.",
  },
  {
    name: "CountersignToolErrors",
    severity: "page",
    for: "30s",
    expr: `${rateBy("tool_call_errors")} / ${rateBy("tool_calls", 'outcome!~"denied|expired"')} > ${targets.toolErrorShare}`,
    summary: "More than 5 % of the calls of a tool fail.",
  },
  ...burnAlerts,
  {
    name: "CountersignQueueDeep",
    severity: "ticket",
    for: "5m",
    expr: `(${[
      stage("gate", series("gate_waiting")),
      stage("http", series("http_requests_waiting")),
      stage("models", series("model_waiting")),
      stage("runs", series("wakes_queued", 'state="queued"')),
    ].join(" or ")}) > ${targets.queueDepth}`,
    summary: "More than ten wait at one stage.",
  },
  {
    name: "CountersignRunsWaitForWorkers",
    severity: "page",
    for: "5m",
    expr: highest("wakes_oldest_seconds", "> 60"),
    summary: "Runs that could go on wait for a worker for more than a minute.",
  },
  {
    name: "CountersignApprovalsWait",
    severity: "ticket",
    for: "5m",
    expr: highest("approvals_oldest_seconds", "> 3600"),
    summary: "A request for approval has waited for more than an hour.",
  },
];

const servers: readonly Alert[] = [
  {
    name: "CountersignServerBreakerOpen",
    severity: "page",
    for: "2m",
    expr: highest("server_breaker_open", "== 1", "server"),
    summary: "A server fails so often that calls are kept away from it.",
  },
  {
    name: "CountersignServerDown",
    severity: "ticket",
    for: "10m",
    expr: `min by (server) (${series("server_down")}) == 1`,
    summary: "No replica reaches a server.",
  },
  {
    name: "CountersignToolsBlocked",
    severity: "ticket",
    for: "1m",
    expr: highest("server_blocked_tools", "> 0", "server"),
    summary: "Tools have changed, and are blocked until a person accepts it.",
  },
  {
    name: "CountersignModelBreakerOpen",
    severity: "page",
    for: "2m",
    expr: highest("model_breaker_open", "== 1", "backend"),
    summary: "A model's backend fails so often that requests are kept away from it.",
  },
  {
    name: "CountersignGpuIdle",
    severity: "ticket",
    for: "15m",
    expr: `avg(avg_over_time(DCGM_FI_DEV_GPU_UTIL[15m])) < ${targets.gpuPercent} and on () sum(avg_over_time(vllm:num_requests_waiting[15m])) > 1`,
    summary: "GPUs are used below 70 % while requests wait for them.",
  },
  {
    name: "CountersignSandboxStartsSlow",
    severity: "ticket",
    for: "15m",
    expr: `${quantile(0.95, "sandbox_start_seconds", { window: "15m" })} > 5`,
    summary: "Sandboxes take more than five seconds to start.",
  },
];

const records: readonly Alert[] = [
  {
    name: "CountersignLedgerForked",
    severity: "page",
    for: "0s",
    expr: highest("ledger_forked", "> 0"),
    summary: "A log is not what a checkpoint kept outside says.",
  },
  {
    name: "CountersignLedgerBehind",
    severity: "ticket",
    for: "5m",
    expr: highest("ledger_waiting_seconds", "> 30"),
    summary: "Entries wait to be taken into the ledger's log.",
  },
  {
    name: "CountersignRecordsRetried",
    severity: "page",
    for: "0s",
    expr: grown("gate_record_retries", "5m", 5),
    summary: "Entries of calls could not be written at once.",
  },
  {
    name: "CountersignCallsInDoubt",
    severity: "ticket",
    for: "0s",
    expr: `sum(increase(${series("gate_calls", 'outcome="unknown"')}[15m])) > 0`,
    summary: "Nobody knows whether a call was carried out.",
  },
  {
    name: "CountersignStoreSlow",
    severity: "ticket",
    for: "10m",
    expr: `${quantile(0.99, "store_batch_seconds", { window: "5m" })} > 0.25`,
    summary: "One in a hundred commits takes more than a quarter of a second.",
  },
  {
    name: "CountersignStandingUnknown",
    severity: "ticket",
    for: "0s",
    expr: grown("standing_faults", "15m", 3),
    summary: "Postgres did not say what waits: some gauges are old.",
  },
  {
    name: "CountersignSecretLeaked",
    severity: "page",
    for: "0s",
    expr: grown("gate_leaks", "15m", 0),
    summary: "A known secret was on its way to where it does not belong, and was stopped.",
  },
  {
    name: "CountersignSamplesRefused",
    severity: "ticket",
    for: "0s",
    expr: grown("telemetry_refusals", "1h", 0),
    summary: "A metric was sampled wrongly, which is a bug.",
  },
];

const runs: readonly Alert[] = [
  {
    name: "CountersignRunsParked",
    severity: "ticket",
    for: "10m",
    expr: `max(${series("wakes_queued", 'state="parked"')}) > 0`,
    summary: "Runs failed so often that nothing wakes them any more.",
  },
  {
    name: "CountersignContextPoor",
    severity: "ticket",
    for: "30m",
    expr: `${mean("context_quality", "6h", 'measure="well_formed"')} < 0.95 and sum(increase(${countOf("context_quality", 'measure="well_formed"')}[6h])) >= 10`,
    summary: "Models make calls that are not well formed.",
  },
  {
    name: "CountersignIndexStale",
    severity: "ticket",
    for: "5m",
    expr: `max by (server, index) (${series("mcp_index_stale")}) == 1`,
    summary: "An index is stale, or nobody vouches for it.",
  },
  {
    name: "CountersignIndexUnheard",
    severity: "ticket",
    for: "5m",
    expr: `min by (server, index) (${series("mcp_index_age_seconds")}) > 900`,
    summary: "Nothing was heard of an index for a quarter of an hour.",
  },
  {
    name: "CountersignMemoryStale",
    severity: "ticket",
    for: "1h",
    expr: `max by (scope) (${series("memory_stale_share")}) > 0.2`,
    summary: "Memories are of sources that have changed, or are not embedded.",
  },
  {
    name: "CountersignWebhooksLost",
    severity: "ticket",
    for: "0s",
    expr: `sum(increase(${series("webhook_deliveries", 'outcome=~"given_up|crowded_out|unannounced"')}[15m])) > 0`,
    summary: "Somebody was not told of something, and will not be.",
  },
  {
    name: "CountersignRevisionRefused",
    severity: "page",
    for: "0s",
    expr: `sum(increase(${series("config_follows", 'outcome="refused"')}[15m])) > 0`,
    summary: "A replica serves another revision than the others.",
  },
];

export const alerts: readonly Alert[] = [...symptoms, ...servers, ...records, ...runs];

/** Short, so that what fails now is seen now; each tool has its errors counted from 0 on. */
function rateBy(name: Counter, matchers = ""): string {
  return `sum by (${ofTool}) (rate(${series(name, matchers)}[2m]))`;
}

/** Of all replicas: what one of them saw. */
function highest(name: Gauge, than: string, by?: "server" | "backend"): string {
  return `max${by === undefined ? "" : ` by (${by})`} (${series(name)}) ${than}`;
}

function grown(name: Counter, window: string, beyond: number): string {
  return `sum(increase(${series(name)}[${window}])) > ${beyond}`;
}

function stage(name: string, what: string): string {
  return `label_replace(max(${what}), "stage", "${name}", "", "")`;
}
