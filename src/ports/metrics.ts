import { goldenSignals } from "./golden-signals.ts";
import { configured, type MetricEntry } from "./metric-entry.ts";

const secondsBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export const metrics = {
  ...goldenSignals,
  completions: {
    kind: "counter",
    help: "Answers of models asked for outside of runs, by how they ended; refused: no backend was asked.",
    labels: { outcome: ["answered", "failed", "cut", "refused"] },
  },
  config_applies: {
    kind: "counter",
    help: "Documents given to apply, by what came of it.",
    labels: { outcome: ["applied", "unchanged", "invalid", "stale", "unstartable"] },
  },
  config_follows: {
    kind: "counter",
    help: "Revisions of other replicas that this one took over, or could not.",
    labels: { outcome: ["followed", "refused"] },
  },
  config_applied_timestamp_seconds: {
    kind: "gauge",
    help: "When the serving revision was applied.",
    labels: {},
  },
  context_measuring_faults: {
    kind: "counter",
    help: "Runs whose context could not be measured at their end. Each is a bug, or a store that was away.",
    labels: {},
  },
  context_quality: {
    kind: "histogram",
    help: "Of runs that ended: shares of calls that were well formed, repeated, or contradicted a fact; of results that were not used; of facts read again that had changed.",
    labels: {
      agent: configured,
      measure: ["well_formed", "repeated", "contradictions", "unused", "stale_facts"],
    },
    buckets: [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1],
  },
  context_window_share: {
    kind: "histogram",
    help: "Of runs that ended: what parts of the context took of the window on average; largest: all of it, at its fullest turn.",
    labels: { part: ["instructions", "tools", "conversation", "sources", "largest"] },
    buckets: [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1],
  },
  freezes: {
    kind: "gauge",
    help: "Freezes in force, as this replica has heard.",
    labels: {},
  },
  gate_breaker_moves: {
    kind: "counter",
    help: "Moves of the breakers of servers, by the state that they moved to.",
    labels: { to: ["closed", "open", "probing"] },
  },
  gate_cache: {
    kind: "counter",
    help: "Reads of tools with a cache, by where their result came from.",
    labels: { outcome: ["hit", "shared", "miss"] },
  },
  gate_conflicts: {
    kind: "counter",
    help: "Calls that were not made, since another one was changing the same thing.",
    labels: {},
  },
  gate_calls: {
    kind: "counter",
    help: "Calls that ended at the gate, by how.",
    labels: {
      outcome: [
        "answered",
        "tool_error",
        "denied",
        "asks",
        "expired",
        "fault",
        "unknown",
        "refused",
      ],
    },
  },
  gate_late_outcomes: {
    kind: "counter",
    help: "Outcomes that came after their call was given up as unknown.",
    labels: {},
  },
  approvals_waiting_requests: {
    kind: "gauge",
    help: "Requests held here until a person decides.",
    labels: {},
  },
  gate_call_seconds: {
    kind: "histogram",
    help: "How long a call took, from its arrival at the gate to its answer.",
    labels: {},
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60],
  },
  gate_leaks: {
    kind: "counter",
    help: "Known secrets found on their way, by where: calls and questions to models with one are denied, elsewhere it is taken out.",
    labels: { where: ["arguments", "answer", "fault", "message", "model"] },
  },
  gate_redactions: {
    kind: "counter",
    help: "Of calls under a redact obligation: answers redacted or withheld, notifications dropped.",
    labels: { outcome: ["redacted", "withheld", "dropped"] },
  },
  gate_parked: {
    kind: "gauge",
    help: "Calls that wait for an answer of their client.",
    labels: {},
  },
  gate_record_retries: {
    kind: "counter",
    help: "Times that a page of entries had to be written again.",
    labels: {},
  },
  http_request_seconds: {
    kind: "histogram",
    help: "How long a request took, from its headers to the end of its answer.",
    labels: {},
    buckets: secondsBuckets,
  },
  http_requests: {
    kind: "counter",
    help: "Requests answered, by the class of their status; `cut` when the client left before.",
    labels: { status: ["1xx", "2xx", "3xx", "4xx", "5xx", "cut"] },
  },
  http_requests_active: {
    kind: "gauge",
    help: "Requests under way.",
    labels: {},
  },
  http_requests_waiting: {
    kind: "gauge",
    help: "Requests that wait for their turn.",
    labels: {},
  },
  ledger_waiting_entries: {
    kind: "gauge",
    help: "Entries that are durable and not in a log yet, of at most a thousand a tenant.",
    labels: {},
  },
  ledger_waiting_seconds: {
    kind: "gauge",
    help: "How long the oldest of them has waited.",
    labels: {},
  },
  ledger_forked: {
    kind: "gauge",
    help: "Logs that are not signed, since a checkpoint kept outside says something else.",
    labels: {},
  },
  ledger_entries: {
    kind: "counter",
    help: "Entries that this replica took into logs.",
    labels: {},
  },
  ledger_log_size: {
    kind: "gauge",
    help: "Size of the log that this replica signed last.",
    labels: {},
  },
  ledger_signatures: {
    kind: "counter",
    help: "Checkpoints that this replica signed.",
    labels: {},
  },
  ledger_integration_seconds: {
    kind: "histogram",
    help: "How long it took to take one page of entries into a log.",
    labels: {},
    buckets: secondsBuckets,
  },
  ledger_faults: {
    kind: "counter",
    help: "Times that a log could not be gone on with; it is tried again.",
    labels: {},
  },
  log_lines: {
    kind: "counter",
    help: "Log lines written.",
    labels: { level: ["debug", "info", "warn", "error"] },
  },
  log_lines_dropped: {
    kind: "counter",
    help: "Log lines that were not written, or not sent, since their reader did not keep up. On stderr only lines of calls are.",
    labels: { reader: ["stderr", "destination"] },
  },
  mcp_index_age_seconds: {
    kind: "gauge",
    help: "How long ago an index was last known to say what its source says, as its server reports it.",
    labels: { server: configured, index: configured },
  },
  mcp_index_stale: {
    kind: "gauge",
    help: "1 where the server of an index calls it stale, or has not reported on it since the start.",
    labels: { server: configured, index: configured },
  },
  memory_embeddings: {
    kind: "counter",
    help: "Texts given to the embedder of memories, by what came of it.",
    labels: { outcome: ["embedded", "failed"] },
  },
  memory_newest_age_seconds: {
    kind: "gauge",
    help: "How long ago anything was last written to a memory, by whose it is.",
    labels: { scope: ["agent", "subject"] },
  },
  memory_rows: {
    kind: "gauge",
    help: "Memories that are kept, by whose they are.",
    labels: { scope: ["agent", "subject"] },
  },
  memory_stale_share: {
    kind: "gauge",
    help: "Share of memories whose source has changed, or that the embedder in use has not embedded.",
    labels: { scope: ["agent", "subject"] },
  },
  sandbox_claims: {
    kind: "counter",
    help: "Sandboxes taken for errands: one that waited, or one that was started for it.",
    labels: { start: ["warm", "cold"] },
  },
  sandbox_start_seconds: {
    kind: "histogram",
    help: "From starting a sandbox for errands until it waits for one.",
    labels: {},
    buckets: [0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60],
  },
  sandbox_waiting: {
    kind: "gauge",
    help: "Sandboxes that wait for errands, with those that are being started for that.",
    labels: {},
  },
  store_batch_units: {
    kind: "histogram",
    help: "Units of work that one group commit made durable.",
    labels: {},
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  },
  store_batch_seconds: {
    kind: "histogram",
    help: "How long one group commit took.",
    labels: {},
    buckets: secondsBuckets,
  },
  store_batch_trouble: {
    kind: "counter",
    help: "Group commits that did not go through at once, by why.",
    labels: { trouble: ["lost", "conflict", "spoilt", "refused"] },
  },
  telemetry_batches: {
    kind: "counter",
    help: "Batches given to destinations of metrics and logs: taken, in part or whole; failed or broken, to be tried again; refused for good.",
    labels: {
      signal: ["metrics", "logs"],
      destination: configured,
      outcome: ["taken", "taken_in_part", "failed", "broken", "refused"],
    },
  },
  telemetry_refusals: {
    kind: "counter",
    help: "Samples that do not fit the metric table. Each is a bug.",
    labels: { reason: ["metric", "labels", "value"] },
  },
  trace_spans: {
    kind: "counter",
    help: "Spans given to destinations of traces: taken; rejected one by one; refused together, for good; given up after an hour in which they broke whoever was sent them.",
    labels: { destination: configured, outcome: ["taken", "rejected", "refused", "given_up"] },
  },
  trace_tries_failed: {
    kind: "counter",
    help: "Times that a destination of traces did not take spans. They are sent again.",
    labels: { destination: configured },
  },
  webhook_deliveries: {
    kind: "counter",
    help: "Tries to tell webhooks, by what came of them; `unannounced` and `crowded_out` were never tried.",
    labels: {
      outcome: ["delivered", "failed", "given_up", "gone", "crowded_out", "unannounced"],
    },
  },
  wakes: {
    kind: "counter",
    help: "Wakes that left this worker, by how they ended.",
    labels: { outcome: ["done", "failed", "parked", "lost"] },
  },
  model_breaker_moves: {
    kind: "counter",
    help: "Moves of the breakers of models' backends, by the state that they moved to.",
    labels: { to: ["closed", "open", "probing"] },
  },
  model_first_token_seconds: {
    kind: "histogram",
    help: "From sending a request to a model's backend to the first token of its answer.",
    labels: {},
    buckets: [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60],
  },
  run_facts: {
    kind: "counter",
    help: "Facts that effects of runs rest on: why an effect was not carried out, or that a fact was read again and is the same.",
    labels: {
      outcome: ["same", "changed", "gone", "missing", "contradicted", "unread", "in_use"],
    },
  },
  run_states: {
    kind: "counter",
    help: "States that runs came into.",
    labels: {
      state: [
        "queued",
        "running",
        "waiting",
        "paused",
        "stopped",
        "partial",
        "parked",
        "completed",
        "failed",
        "cancelled",
      ],
    },
  },
  model_requests: {
    kind: "counter",
    help: "Requests to models' backends, by how they ended; passed_on: another one was asked instead.",
    labels: { outcome: ["answered", "failed", "passed_on"] },
  },
  model_tokens: {
    kind: "counter",
    help: "Tokens of models, as their backends counted them; cached are among input, reasoning among output.",
    labels: { kind: ["input", "cached", "output", "reasoning"] },
  },
  model_tokens_per_second: {
    kind: "histogram",
    help: "Tokens a second of an answer, from its first one on.",
    labels: {},
    buckets: [1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 500],
  },
  model_usage_unknown: {
    kind: "counter",
    help: "Answers of models whose backend did not count their tokens.",
    labels: {},
  },
  model_waiting: {
    kind: "gauge",
    help: "Requests that wait for a place at a model's backend.",
    labels: {},
  },
  tokens_refused: {
    kind: "counter",
    help: "Access tokens that were refused, by what was wrong with them.",
    labels: {
      why: [
        "malformed",
        "issuer",
        "algorithm",
        "signature",
        "expired",
        "early",
        "audience",
        "claims",
        "scope",
        "unavailable",
      ],
    },
  },
} as const satisfies Record<string, MetricEntry>;

export type MetricName = keyof typeof metrics;
export type MetricOf<Kind extends MetricEntry["kind"]> = {
  [Name in MetricName]: (typeof metrics)[Name]["kind"] extends Kind ? Name : never;
}[MetricName];
export type Labels = Readonly<Record<string, string>>;
/** The labels that a metric takes, all of them; one too many is seen when the sample is taken. */
export type LabelsOf<Name extends MetricName> = Labels & {
  readonly [Label in keyof (typeof metrics)[Name]["labels"]]: ValueOf<
    (typeof metrics)[Name]["labels"][Label]
  >;
};
type ValueOf<Values> = Values extends readonly (infer Value extends string)[] ? Value : string;

export function toWireName(name: MetricName): string {
  const { wire, kind }: MetricEntry = metrics[name];
  return wire ?? `countersign_${name}${kind === "counter" ? "_total" : ""}`;
}
