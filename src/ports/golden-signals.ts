import { configured, pinned, type MetricEntry } from "./metric-entry.ts";

const qualityMeasures = [
  "well_formed",
  "repeated",
  "contradictions",
  "unused",
  "stale_facts",
] as const;

/** What a task is sliced by. Tenants can come from tokens, so that past many of them they are one. */
const taskLabels = {
  task_class: configured,
  model: configured,
  hardware: configured,
  tenant: pinned,
  outcome: [
    "completed",
    "partial",
    "failed",
    "cancelled",
    "parked",
    "deadline",
    "budget",
    "steps",
    "stopped",
  ],
} as const;

/** What alerts and dashboards show first: tools, runs, approvals, servers, and what waits where. */
export const goldenSignals = {
  approval_wait_seconds: {
    kind: "histogram",
    help: "From asking people until enough of them agreed, or one said no.",
    labels: { word: ["approved", "denied"] },
    buckets: [1, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400, 604_800],
  },
  approvals_oldest_seconds: {
    kind: "gauge",
    help: "How long the oldest of these requests has waited; 0 where none does.",
    labels: {},
  },
  approvals_pending: {
    kind: "gauge",
    help: "Requests that wait for people to decide, counted up to a hundred; of the default tenant.",
    labels: {},
  },
  gate_wait_seconds: {
    kind: "histogram",
    help: "How long calls stood in line at the gate, of those that had to.",
    labels: {},
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60],
  },
  gate_waiting: {
    kind: "gauge",
    help: "Calls that stand in line at the gate.",
    labels: {},
  },
  standing_faults: {
    kind: "counter",
    help: "Times that what waits in Postgres could not be counted for a scrape: the gauges were as before.",
    labels: {},
  },
  task_quality_part: {
    kind: "counter",
    help: "Of tasks that ended: calls that were well formed, repeated, or contradicted a fact; results that were not used; facts read again that had changed.",
    labels: { ...taskLabels, measure: qualityMeasures },
  },
  task_quality_whole: {
    kind: "counter",
    help: "Of how many these are the part.",
    labels: { ...taskLabels, measure: qualityMeasures },
  },
  task_tokens: {
    kind: "counter",
    help: "Tokens of tasks that ended, their sub-agents without. Those of completed ones are the goodput.",
    labels: taskLabels,
  },
  tasks: {
    kind: "counter",
    help: "Runs that somebody started, once they ended or were stopped; one that was resumed counts again. deadline: it missed its own.",
    labels: taskLabels,
  },
  tool_calls: {
    kind: "counter",
    wire: "mcp_tool_call_total",
    help: "Calls of tools that ended, by how. Refusals are among them; calls that wait for people are not.",
    labels: {
      server: configured,
      tool_name: pinned,
      outcome: ["answered", "tool_error", "denied", "expired", "fault", "unknown"],
    },
  },
  tool_call_errors: {
    kind: "counter",
    wire: "mcp_tool_call_errors_total",
    help: "Of these, those that a tool or its server failed: isError, a fault on the way, or an end that nobody knows.",
    labels: {
      server: configured,
      tool_name: pinned,
      kind: ["tool_error", "fault", "unknown"],
    },
  },
  tool_call_seconds: {
    kind: "histogram",
    wire: "mcp_tool_call_duration_seconds",
    help: "How long a call of a tool took at its server, without the time in line; none that asked its client back.",
    labels: { server: configured, tool_name: pinned },
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 30],
  },
  server_blocked_tools: {
    kind: "gauge",
    help: "Tools of a server that are blocked until a person accepts how they changed.",
    labels: { server: configured },
  },
  server_breaker_open: {
    kind: "gauge",
    help: "1 while the breaker of a server keeps calls away, or lets one through to try.",
    labels: { server: configured },
  },
  server_drifts: {
    kind: "gauge",
    help: "Definitions of a server's tools that differ from what was accepted, harmless ones included.",
    labels: { server: configured },
  },
  server_down: {
    kind: "gauge",
    help: "1 while a server is down, or was not reached yet.",
    labels: { server: configured },
  },
  wakes_oldest_seconds: {
    kind: "gauge",
    help: "How long the oldest wake that a worker could take now has waited; the same on all replicas.",
    labels: {},
  },
  wakes_queued: {
    kind: "gauge",
    help: "Wakes of runs by where they are; the same on all replicas. Parked ones wait for a person.",
    labels: { state: ["queued", "active", "parked"] },
  },
  model_breaker_open: {
    kind: "gauge",
    help: "1 while the breaker of a model's backend keeps requests away, or lets one through to try.",
    labels: { backend: configured },
  },
  run_budget_left_share: {
    kind: "histogram",
    help: "What a run had left of its budget at its end, of whatever was capped and least was left of.",
    labels: { agent: configured },
    buckets: [0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1],
  },
  run_calls: {
    kind: "counter",
    help: "Calls of tools that ended in runs, by how.",
    labels: {
      outcome: ["answered", "tool_error", "denied", "unavailable", "fault", "unknown"],
    },
  },
  run_cost: {
    kind: "histogram",
    help: "What a run had cost at its end, in units of the currency that prices are in; without its sub-agents.",
    labels: { agent: configured },
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 50, 100],
  },
  run_seconds: {
    kind: "histogram",
    help: "From creating a run to its end, with all that it waited for.",
    labels: { agent: configured, outcome: ["completed", "partial", "failed", "cancelled"] },
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400, 604_800],
  },
  run_turns: {
    kind: "histogram",
    help: "How often a run that ended had asked a model.",
    labels: { agent: configured },
    buckets: [1, 2, 3, 5, 8, 13, 21, 34, 55, 100],
  },
} as const satisfies Record<string, MetricEntry>;
