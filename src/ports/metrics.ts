/**
 * Every metric, once. Its name on the wire is `countersign_`, the key and, of a counter, `_total`.
 * A label takes only the values listed here: what a caller sends cannot make new series.
 */
export interface MetricEntry {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
}

const secondsBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export const metrics = {
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
    help: "Known secrets found on their way, by where: calls with one are denied, elsewhere it is taken out.",
    labels: { where: ["arguments", "answer", "fault", "message"] },
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
  telemetry_refusals: {
    kind: "counter",
    help: "Samples that do not fit the metric table. Each is a bug.",
    labels: { reason: ["metric", "labels", "value"] },
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
type ValueOf<Values> = Values extends readonly (infer Value extends string)[] ? Value : never;

export function toWireName(name: MetricName): string {
  return `countersign_${name}${metrics[name].kind === "counter" ? "_total" : ""}`;
}

export interface Sample {
  readonly kind: MetricEntry["kind"];
  readonly metric: string;
  readonly labels: Labels;
  readonly value: number;
}
export type SampleRefusal = "metric" | "labels" | "value";

/** Types keep most mistakes out; this is for what came past them. Null: the sample fits. */
export function refuseSample({ kind, metric, labels, value }: Sample): SampleRefusal | null {
  const entry: MetricEntry | undefined = Object.hasOwn(metrics, metric)
    ? metrics[metric as MetricName]
    : undefined;
  if (entry?.kind !== kind) return "metric";
  const names = Object.keys(labels);
  const fits = names.every(
    (name) => Object.hasOwn(entry.labels, name) && entry.labels[name]!.includes(labels[name]!),
  );
  if (!fits || names.length !== Object.keys(entry.labels).length) return "labels";
  if (!Number.isFinite(value) || (kind === "counter" && value < 0)) return "value";
  return null;
}
