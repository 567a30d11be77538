import type { AgentConfig } from "../model/config-agents.ts";
import { maxSourceText, type SourceConfig } from "../model/config-context.ts";
import type { DeepProblem } from "./policy-check.ts";
import type { FillConfig } from "./read-document.ts";
import { readTextFile } from "./read-text-file.ts";

/**
 * Sources of contexts that stand in files of their own become texts of the revision, as instructions do:
 * its digest covers them, and other replicas need no such file.
 */
export function createSourceFilesReading(directory: string): FillConfig {
  return async (config) => {
    const problems: DeepProblem[] = [];
    const agents: Record<string, AgentConfig> = {};
    for (const [name, agent] of Object.entries(config.agents)) {
      const { context } = agent;
      if (context === undefined) {
        agents[name] = agent;
        continue;
      }
      const sources: Record<string, SourceConfig> = {};
      for (const [each, source] of Object.entries(context.sources)) {
        const read = await readSource(directory, source);
        const at = ["agents", name, "context", "sources", each, "file"];
        if ("text" in read) sources[each] = read.text;
        else problems.push({ path: at, line: 1, message: read.reason });
      }
      agents[name] = { ...agent, context: { ...context, sources } };
    }
    return { config: { ...config, agents }, problems };
  };
}

async function readSource(
  directory: string,
  source: SourceConfig,
): Promise<{ readonly text: SourceConfig } | { readonly reason: string }> {
  if (source.kind !== "file") return { text: source };
  const { file, kind: _kind, ...rest } = source;
  const read = await readTextFile(directory, file, maxSourceText);
  if (read.kind === "refused") return { reason: read.reason };
  return { text: { ...rest, kind: "text", text: read.text } };
}
