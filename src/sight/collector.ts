const receivers = {
  otlp: {
    protocols: { grpc: { endpoint: "127.0.0.1:4317" }, http: { endpoint: "127.0.0.1:4318" } },
  },
  prometheus: {
    config: {
      scrape_configs: [
        {
          job_name: "countersign",
          scrape_interval: "15s",
          authorization: {
            type: "Bearer",
            credentials_file: "/etc/otelcol-contrib/countersign.key",
          },
          static_configs: [{ targets: ["${env:COUNTERSIGN_METRICS:-127.0.0.1:7070}"] }],
        },
      ],
    },
  },
};

const processors = {
  // First, so that nothing piles up before what is dropped is dropped.
  memory_limiter: { check_interval: "1s", limit_percentage: 75, spike_limit_percentage: 20 },
  tail_sampling: {
    decision_wait: "30s",
    num_traces: 50_000,
    policies: [
      { name: "failed", type: "status_code", status_code: { status_codes: ["ERROR"] } },
      { name: "slow", type: "latency", latency: { threshold_ms: 5_000 } },
      { name: "some", type: "probabilistic", probabilistic: { sampling_percentage: 10 } },
    ],
  },
  // Last: what is sampled out is never sent.
  batch: { timeout: "5s", send_batch_size: 1_024, send_batch_max_size: 2_048 },
};

const exporters = {
  prometheusremotewrite: {
    endpoint: "${env:PROMETHEUS_URL:-http://127.0.0.1:9090}/api/v1/write",
    // Names stay as they were scraped: rules and dashboards know those.
    add_metric_suffixes: false,
  },
  otlphttp: {
    endpoint: "${env:TRACES_URL:-http://127.0.0.1:6006}",
    sending_queue: { enabled: true, queue_size: 1_000 },
    retry_on_failure: { enabled: true, max_elapsed_time: "300s" },
  },
};

const service = {
  pipelines: {
    traces: {
      receivers: ["otlp"],
      processors: ["memory_limiter", "tail_sampling", "batch"],
      exporters: ["otlphttp"],
    },
    metrics: {
      receivers: ["otlp", "prometheus"],
      processors: ["memory_limiter", "batch"],
      exporters: ["prometheusremotewrite"],
    },
  },
};

/**
 * A configuration of the OpenTelemetry Collector (the `contrib` distribution): takes traces over OTLP and
 * scrapes metrics, keeps whole traces of what went wrong or took long and a tenth of the others, and sends
 * both on. Addresses and the key come from its environment.
 */
export const collectorConfig = { receivers, processors, exporters, service };
