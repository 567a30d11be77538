import type { z } from "zod";
import { agentServer } from "./agent-tool.ts";
import type { MemoryConfig } from "./config-memory.ts";
import { memoryServer } from "./memory-tools.ts";

/** What of a document decides which servers of our own stand beside its servers. */
export interface WithOwnServers {
  readonly servers: object;
  readonly agents: object;
  readonly memory?: MemoryConfig | undefined;
}

export function isOwnServer({ agents, memory }: WithOwnServers, name: string): boolean {
  if (name === memoryServer) return memory !== undefined;
  return name === agentServer && Object.keys(agents).length > 0;
}

/** With a memory no other server has its name, and whoever shares one is an agent. */
export function refuseStrangeMemory(
  { servers, agents, memory }: WithOwnServers,
  context: z.core.$RefinementCtx,
): void {
  if (memory === undefined) return;
  const refuse = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: "custom", path, message });
  if (Object.hasOwn(servers, memoryServer))
    refuse(["servers", memoryServer], "has the name under which `memory` is offered as tools");
  for (const [index, agent] of memory.shared.entries()) {
    if (Object.hasOwn(agents, agent)) continue;
    refuse(["memory", "shared", index], "names no agent of this document");
  }
}
