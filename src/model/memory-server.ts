import type { MemoryConfig } from "./config-memory.ts";
import type { InternalServerConfig } from "./config-servers.ts";
import { memoryTools } from "./memory-tools.ts";

const timeoutMs = 30_000;
const concurrency = 64;
const queue = 256;

/** What leaves it says where it is from: labels go with what was kept, not with the server. */
const none = Object.freeze([]);

export function toMemoryServer({ embedder, tenants }: MemoryConfig): InternalServerConfig {
  const common = { idempotent: true, price: 0, labels: [...none] };
  return Object.freeze({
    transport: "internal",
    definitions: memoryTools,
    startsRuns: false,
    timeout: timeoutMs,
    concurrency,
    queue,
    effect: "write",
    // Whatever is kept or looked for is sent to whoever embeds it.
    outward: embedder.kind === "openai" && !embedder.private,
    ...(tenants === undefined ? {} : { tenants }),
    labels: ["untrusted"],
    tools: {
      remember: { ...common, effect: "write" },
      recall: { ...common, effect: "read" },
      // Nothing brings it back.
      forget: { ...common, effect: "destructive" },
    },
  } satisfies InternalServerConfig);
}
