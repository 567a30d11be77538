import { mean, partOf, quantile, series, countOf, sumOf } from "./promql.ts";
import { slos, targets } from "./slos.ts";

export interface Dashboard {
  /** Stands in its address, and never changes. */
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly title: string;
  /** In the names that Grafana has for units. */
  readonly unit: "short" | "s" | "percentunit" | "percent" | "ops";
  readonly queries: readonly Query[];
  /** Drawn as a line. */
  readonly target?: number;
  /** Series of other exporters, which are not everywhere. */
  readonly isForeign?: boolean;
}

export interface Query {
  readonly expr: string;
  /** With labels of the result as `{{label}}`. */
  readonly legend: string;
}

const window = "5m";
const ended = 'outcome!~"denied|expired"';

const rateOf = (what: string, by: string): string => `sum by (${by}) (rate(${what}[${window}]))`;
const total = (what: string): string => `sum(rate(${what}[${window}]))`;

const golden: Dashboard = {
  uid: "countersign-golden",
  title: "Countersign: golden signals",
  panels: [
    ...slos.map((slo): Panel => ({
      title: slo.title,
      unit: "percentunit",
      target: slo.objective,
      queries: [{ expr: `1 - (${slo.bad(window)})`, legend: "good" }],
    })),
    {
      title: "What waits at each stage",
      unit: "short",
      target: targets.queueDepth,
      queries: [
        { expr: `max(${series("http_requests_waiting")})`, legend: "requests" },
        { expr: `max(${series("gate_waiting")})`, legend: "calls" },
        { expr: `max(${series("model_waiting")})`, legend: "models" },
        { expr: `max(${series("wakes_queued", 'state="queued"')})`, legend: "runs" },
        { expr: `max(${series("approvals_pending")})`, legend: "approvals" },
        { expr: `max(${series("ledger_waiting_entries")})`, legend: "ledger entries" },
      ],
    },
    {
      title: "How long the oldest has waited",
      unit: "s",
      queries: [
        { expr: `max(${series("wakes_oldest_seconds")})`, legend: "runs" },
        { expr: `max(${series("approvals_oldest_seconds")})`, legend: "approvals" },
        { expr: `max(${series("ledger_waiting_seconds")})`, legend: "ledger entries" },
        {
          expr: quantile(0.99, "gate_wait_seconds", { window }),
          legend: "calls in line, p99",
        },
      ],
    },
    {
      title: "Breakers that are open",
      unit: "short",
      queries: [
        { expr: `max by (server) (${series("server_breaker_open")})`, legend: "{{server}}" },
        { expr: `max by (backend) (${series("model_breaker_open")})`, legend: "{{backend}}" },
      ],
    },
    {
      title: "Tools that changed",
      unit: "short",
      queries: [
        { expr: `max by (server) (${series("server_drifts")})`, legend: "{{server}} differs" },
        {
          expr: `max by (server) (${series("server_blocked_tools")})`,
          legend: "{{server}} blocked",
        },
      ],
    },
  ],
};

const tools: Dashboard = {
  uid: "countersign-tools",
  title: "Countersign: tools",
  panels: [
    {
      title: "Calls by outcome",
      unit: "ops",
      queries: [{ expr: rateOf(series("tool_calls"), "outcome"), legend: "{{outcome}}" }],
    },
    {
      title: "Share of calls that fail",
      unit: "percentunit",
      target: targets.toolErrorShare,
      queries: [
        {
          expr: `${rateOf(series("tool_call_errors"), "server, tool_name")} / ${rateOf(series("tool_calls", ended), "server, tool_name")}`,
          legend: "{{server}} {{tool_name}}",
        },
      ],
    },
    {
      title: "How long calls take, p99",
      unit: "s",
      target: 0.2,
      queries: [
        {
          expr: quantile(0.99, "tool_call_seconds", { window, by: ["server", "tool_name"] }),
          legend: "{{server}} {{tool_name}}",
        },
      ],
    },
    {
      title: "How long calls take at the gate",
      unit: "s",
      queries: [
        { expr: quantile(0.5, "gate_call_seconds", { window }), legend: "p50" },
        { expr: quantile(0.99, "gate_call_seconds", { window }), legend: "p99" },
      ],
    },
    {
      title: "Where reads came from",
      unit: "ops",
      queries: [{ expr: rateOf(series("gate_cache"), "outcome"), legend: "{{outcome}}" }],
    },
    {
      title: "Sandboxes: how long a start takes",
      unit: "s",
      queries: [
        { expr: quantile(0.5, "sandbox_start_seconds", { window: "15m" }), legend: "p50" },
        { expr: quantile(0.95, "sandbox_start_seconds", { window: "15m" }), legend: "p95" },
      ],
    },
    {
      title: "Sandboxes: from the pool or not",
      unit: "ops",
      queries: [{ expr: rateOf(series("sandbox_claims"), "start"), legend: "{{start}}" }],
    },
    {
      title: "Secrets stopped on their way",
      unit: "ops",
      queries: [{ expr: rateOf(series("gate_leaks"), "where"), legend: "{{where}}" }],
    },
  ],
};

const models: Dashboard = {
  uid: "countersign-models",
  title: "Countersign: models",
  panels: [
    {
      title: "Until the first token",
      unit: "s",
      target: 0.5,
      queries: [
        { expr: quantile(0.5, "model_first_token_seconds", { window }), legend: "p50" },
        { expr: quantile(0.95, "model_first_token_seconds", { window }), legend: "p95" },
      ],
    },
    {
      title: "Tokens a second of an answer",
      unit: "short",
      target: 30,
      queries: [
        { expr: quantile(0.05, "model_tokens_per_second", { window }), legend: "p5" },
        { expr: quantile(0.5, "model_tokens_per_second", { window }), legend: "p50" },
      ],
    },
    {
      title: "Requests by how they ended",
      unit: "ops",
      queries: [{ expr: rateOf(series("model_requests"), "outcome"), legend: "{{outcome}}" }],
    },
    {
      title: "Tokens a second of all answers",
      unit: "short",
      queries: [{ expr: rateOf(series("model_tokens"), "kind"), legend: "{{kind}}" }],
    },
    {
      title: "GPU utilisation",
      unit: "percent",
      target: targets.gpuPercent,
      isForeign: true,
      queries: [
        { expr: "avg by (gpu, Hostname) (DCGM_FI_DEV_GPU_UTIL)", legend: "{{Hostname}} {{gpu}}" },
      ],
    },
    {
      title: "vLLM: requests that run and wait",
      unit: "short",
      target: targets.queueDepth,
      isForeign: true,
      queries: [
        { expr: "sum by (model_name) (vllm:num_requests_running)", legend: "{{model_name}} run" },
        { expr: "sum by (model_name) (vllm:num_requests_waiting)", legend: "{{model_name}} wait" },
      ],
    },
    {
      title: "vLLM: cache in use",
      unit: "percentunit",
      isForeign: true,
      queries: [
        { expr: "max by (model_name) (vllm:kv_cache_usage_perc)", legend: "{{model_name}}" },
      ],
    },
  ],
};

const runs: Dashboard = {
  uid: "countersign-runs",
  title: "Countersign: runs and people",
  panels: [
    {
      title: "Runs by the state that they came into",
      unit: "ops",
      queries: [{ expr: rateOf(series("run_states"), "state"), legend: "{{state}}" }],
    },
    {
      title: "How long whole runs take",
      unit: "s",
      queries: [
        { expr: quantile(0.5, "run_seconds", { window: "1h" }), legend: "p50" },
        {
          expr: quantile(0.99, "run_seconds", { window: "1h", by: ["agent"] }),
          legend: "{{agent}} p99",
        },
      ],
    },
    {
      title: "Steps that succeed",
      unit: "percentunit",
      queries: [
        {
          expr: `${total(series("run_calls", 'outcome="answered"'))} / ${total(series("run_calls"))}`,
          legend: "calls of runs",
        },
      ],
    },
    {
      title: "What runs cost",
      unit: "short",
      queries: [
        {
          expr: `sum by (agent) (increase(${sumOf("run_cost")}[1h]))`,
          legend: "{{agent}}, of an hour",
        },
        { expr: mean("run_cost", "1h"), legend: "one run" },
      ],
    },
    {
      title: "Tasks by class and end",
      unit: "short",
      queries: [
        {
          expr: `sum by (task_class, outcome) (increase(${series("tasks")}[1h]))`,
          legend: "{{task_class}} {{outcome}}, of an hour",
        },
      ],
    },
    {
      title: "Goodput: tokens of completed tasks",
      unit: "percentunit",
      queries: [
        {
          expr: partOf("task_tokens", 'outcome="completed"', ["model", "hardware"]),
          legend: "{{model}} on {{hardware}}",
        },
      ],
    },
    {
      title: "Deadlines that tasks missed",
      unit: "percentunit",
      queries: [
        {
          expr: partOf("tasks", 'outcome="deadline"', ["task_class", "tenant"]),
          legend: "{{task_class}} of {{tenant}}",
        },
      ],
    },
    {
      title: "Quality of tasks",
      unit: "percentunit",
      queries: [
        {
          expr: `sum by (task_class, measure) (increase(${series("task_quality_part")}[1h])) / sum by (task_class, measure) (increase(${series("task_quality_whole")}[1h]))`,
          legend: "{{task_class}}: {{measure}}",
        },
      ],
    },
    {
      title: "What runs had left of their budgets, p10",
      unit: "percentunit",
      queries: [
        {
          expr: quantile(0.1, "run_budget_left_share", { window: "1h", by: ["agent"] }),
          legend: "{{agent}}",
        },
      ],
    },
    {
      title: "Turns of a run, p90",
      unit: "short",
      queries: [
        { expr: quantile(0.9, "run_turns", { window: "1h", by: ["agent"] }), legend: "{{agent}}" },
      ],
    },
    {
      title: "Quality of contexts",
      unit: "percentunit",
      queries: [
        {
          expr: `sum by (measure) (rate(${sumOf("context_quality")}[1h])) / sum by (measure) (rate(${countOf("context_quality")}[1h]))`,
          legend: "{{measure}}",
        },
      ],
    },
    {
      title: "What takes the window",
      unit: "percentunit",
      queries: [
        {
          expr: `sum by (part) (rate(${sumOf("context_window_share")}[1h])) / sum by (part) (rate(${countOf("context_window_share")}[1h]))`,
          legend: "{{part}}",
        },
      ],
    },
    {
      title: "How long people took to decide",
      unit: "s",
      queries: [
        { expr: quantile(0.5, "approval_wait_seconds", { window: "1h" }), legend: "p50" },
        { expr: quantile(0.95, "approval_wait_seconds", { window: "1h" }), legend: "p95" },
      ],
    },
    {
      title: "Age of indexes",
      unit: "s",
      queries: [
        {
          expr: `max by (server, index) (${series("mcp_index_age_seconds")})`,
          legend: "{{server}} {{index}}",
        },
      ],
    },
    {
      title: "Memories that are stale",
      unit: "percentunit",
      queries: [{ expr: `max by (scope) (${series("memory_stale_share")})`, legend: "{{scope}}" }],
    },
    {
      title: "Commits",
      unit: "s",
      queries: [
        { expr: quantile(0.5, "store_batch_seconds", { window }), legend: "p50" },
        { expr: quantile(0.99, "store_batch_seconds", { window }), legend: "p99" },
      ],
    },
    {
      title: "Wakes",
      unit: "ops",
      queries: [{ expr: rateOf(series("wakes"), "outcome"), legend: "{{outcome}}" }],
    },
  ],
};

export const dashboards: readonly Dashboard[] = [golden, tools, models, runs];
