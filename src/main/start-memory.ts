import { createDialer } from "../adapters/dialer/dialer.ts";
import { createOpenaiEmbedder } from "../adapters/model-http/openai-embedder.ts";
import { keepMemory } from "../memory/keep-memory.ts";
import { createLexicalEmbedder } from "../memory/lexical-embedder.ts";
import { createMemories } from "../memory/memories.ts";
import { createMemoryConnector } from "../memory/memory-upstream.ts";
import type { MemoryConfig } from "../model/config-memory.ts";
import type { Embedder } from "../ports/embedder.ts";
import type { Connector } from "../ports/upstream.ts";
import type { GateBase } from "./gate-base.ts";

type MemoryParts = Pick<
  GateBase,
  "store" | "clock" | "random" | "telemetry" | "secrets" | "version"
>;

export interface StartedMemory {
  readonly connector: Connector;
  close(): Promise<void>;
}

/** The memory of one revision: its embedder, its tools, and what keeps it fresh. */
export function startMemory(config: MemoryConfig, parts: MemoryParts): StartedMemory {
  const { clock, telemetry, version } = parts;
  const { memory } = parts.store;
  const embedder = openEmbedder(config.embedder, parts);
  const { language, rows, shared, reembed } = config;
  const common = { memory, embedder, clock, telemetry };
  const memories = createMemories({ ...common, language, rows, shared });
  const keeping = keepMemory({ ...common, reembed });
  return {
    connector: createMemoryConnector({ memories, clock, version }),
    async close() {
      await keeping.stop();
      await embedder.close();
    },
  };
}

function openEmbedder(config: MemoryConfig["embedder"], parts: MemoryParts): Embedder {
  if (config.kind === "lexical") return createLexicalEmbedder();
  const { url, model, version, dimensions, leastLikeness, key = null } = config;
  return createOpenaiEmbedder({
    ...parts,
    url,
    model,
    version,
    dimensions,
    leastLikeness,
    key,
    private: config.private,
    tls: null,
    connections: config.concurrency,
    timeoutMs: config.timeout,
    dialer: createDialer(),
  });
}
