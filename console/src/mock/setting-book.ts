import { mockDigest } from "./mock-world.ts";

const none = { digest: null, evidence: [], limits: null };

/** What canaries found on a usual machine. */
export const sandboxes = [
  {
    tier: "T0",
    driver: "quickjs",
    usable: true,
    reason: null,
    fix: null,
    digest: mockDigest(71),
    traits: {
      isolation: "engine",
      kernel: "none",
      startMs: 200,
      volume: "medium",
      untrustedCode: true,
    },
    evidence: [
      "it finds no process, no module, no network and no timer, and can import nothing",
      "more memory than it may have was refused by the interpreter",
      "an endless loop ended with its process",
    ],
    limits: {
      memoryBytes: "engine",
      processes: "engine",
      cpuMillis: "cgroup v2",
      scratchBytes: "engine",
      openFiles: "engine",
    },
  },
  {
    tier: "T1",
    driver: "bubblewrap",
    usable: true,
    reason: null,
    fix: null,
    digest: mockDigest(72),
    traits: {
      isolation: "namespaces",
      kernel: "host",
      startMs: 20,
      volume: "high",
      untrustedCode: false,
    },
    evidence: [
      "it runs as user 65534, and not as root of the host",
      "it has no capabilities and can gain none",
      "it has no network but loopback",
      "it can write nothing but its scratch",
    ],
    limits: {
      memoryBytes: "cgroup v2",
      processes: "cgroup v2",
      cpuMillis: "cgroup v2",
      scratchBytes: "mount",
      openFiles: "rlimit",
    },
  },
  {
    tier: "T2",
    driver: "gvisor",
    usable: false,
    ...none,
    reason: "`runsc` is not installed",
    fix: "npx countersign sandbox setup gvisor",
    traits: {
      isolation: "user-space kernel",
      kernel: "own",
      startMs: 300,
      volume: "medium",
      untrustedCode: true,
    },
  },
  {
    tier: "T3",
    driver: "firecracker",
    usable: false,
    ...none,
    reason: "there is no `/dev/kvm` here",
    fix: null,
    traits: {
      isolation: "machine",
      kernel: "own",
      startMs: 1e3,
      volume: "low",
      untrustedCode: true,
    },
  },
];

const backend = {
  kind: "openai",
  breaker: "closed",
  active: 0,
  waiting: 0,
  resting: false,
  priced: true,
};

export const models = {
  object: "list",
  data: ["fast", "large"].map((id) => ({
    id,
    object: "model",
    created: 1772e6,
    owned_by: "countersign",
  })),
  models: [
    {
      alias: "fast",
      groups: [
        [
          { backend: "house", weight: 3, model: null },
          { backend: "spare", weight: 1, model: null },
        ],
        [{ backend: "far", weight: 1, model: null }],
      ],
    },
    { alias: "large", groups: [[{ backend: "far", weight: 1, model: null }]] },
  ],
  backends: [
    {
      ...backend,
      name: "house",
      model: "qwen3-32b",
      host: "vllm.internal:8000",
      active: 7,
      waiting: 2,
      firstTokenMs: 184,
      tokensPerSecond: 61.4,
      lastFault: null,
    },
    {
      ...backend,
      name: "spare",
      model: "qwen3-32b",
      host: "vllm-2.internal:8000",
      breaker: "open",
      firstTokenMs: null,
      tokensPerSecond: null,
      lastFault: "it answered with status 502",
    },
    {
      ...backend,
      name: "far",
      kind: "anthropic",
      model: "claude-haiku",
      host: "api.anthropic.com",
      firstTokenMs: 402,
      tokensPerSecond: 88.1,
      lastFault: null,
    },
  ],
  prices: mockDigest(73),
};
