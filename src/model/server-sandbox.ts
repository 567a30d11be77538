import type { ServerConfig } from "./config-servers.ts";
import type { Tier } from "./sandbox.ts";
import { programTools } from "./workbench-tools.ts";
import { toSandboxFacts, type SandboxFacts } from "./tier-traits.ts";

/** Where what a call asks for is carried out. */
export interface ServerSandbox {
  /** `none`: with the powers of the user that runs Countersign. */
  readonly tier: Tier | "none";
  /** The strongest that it can be carried out in, where policy wants more. */
  readonly strongest: Tier | "none";
  readonly egress: readonly string[];
}

/** The tool of a workbench that has neither files nor a network, and so needs no kernel. */
export const computeTool = "compute";

/**
 * Of a call to a server of this machine; null: none of ours carries it out. Tools of a workbench that touch its
 * files alone start no program: they go with the programs that those files are for.
 */
export function toServerSandbox(config: ServerConfig, tool: string | null): ServerSandbox | null {
  if (config.transport !== "stdio" && config.transport !== "workbench") return null;
  const { transport, sandbox: tier, egress } = config;
  if (transport === "workbench" && tool === computeTool)
    return { tier: "T0", strongest: "T0", egress: [] };
  const isProgram = transport === "workbench" && tool !== null && programTools.has(tool);
  return { tier, strongest: isProgram ? "T3" : tier, egress };
}

/** The same as policy is told it. */
export function toSandboxFactsOf(config: ServerConfig, tool: string | null): SandboxFacts | null {
  const sandbox = toServerSandbox(config, tool);
  return sandbox === null ? null : toSandboxFacts(sandbox.tier);
}
