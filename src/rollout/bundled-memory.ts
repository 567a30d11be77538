import type { Bundle } from "../model/bundle.ts";
import type { MemoryConfig } from "../model/config-memory.ts";
import { memoryServer } from "../model/memory-tools.ts";

export interface MemoryParts {
  readonly agent: string;
  /** Servers that its tools come from. */
  readonly servers: readonly string[];
  /** Of the configuration; undefined: there is none, and a server of that name is somebody else's. */
  readonly memory: MemoryConfig | undefined;
}

/** What an agent's memory is found by, and whose it is; null for an agent without tools of it. */
export function toBundledMemory({ agent, servers, memory }: MemoryParts): Bundle["memory"] {
  if (memory === undefined || !servers.includes(memoryServer)) return null;
  const { language, shared } = memory;
  return { embedder: toEmbedder(memory.embedder), language, shared: shared.includes(agent) };
}

/** What decides on its vectors, and where texts are sent; its key and its bounds are not the agent's. */
function toEmbedder(embedder: MemoryConfig["embedder"]) {
  if (embedder.kind === "lexical") return { kind: embedder.kind };
  const { kind, url, model, version, dimensions, leastLikeness } = embedder;
  return { kind, url, model, version, dimensions, leastLikeness };
}
