import { maxInstructions, type AgentConfig } from "../model/config-agents.ts";
import type { DeepProblem } from "./policy-check.ts";
import type { FillConfig } from "./read-document.ts";
import { readTextFile } from "./read-text-file.ts";

/**
 * Instructions that stand in files of their own, put where they belong: the revision holds their
 * text, so its digest covers it, other replicas need no such file, and a stored revision goes on
 * meaning what it meant. A file that changed is read again by the next plan or apply.
 */
export function createInstructionsReading(directory: string): FillConfig {
  return async (config) => {
    const problems: DeepProblem[] = [];
    const agents: Record<string, AgentConfig> = {};
    for (const [name, agent] of Object.entries(config.agents)) {
      const { instructionsFile, ...rest } = agent;
      if (instructionsFile === undefined) {
        agents[name] = agent;
        continue;
      }
      const read = await readTextFile(directory, instructionsFile, maxInstructions);
      if (read.kind === "read") agents[name] = { ...rest, instructions: read.text };
      else {
        const at = ["agents", name, "instructionsFile"];
        problems.push({ path: at, line: 1, message: read.reason });
      }
    }
    return { config: { ...config, agents }, problems };
  };
}
