import { realpath } from "node:fs/promises";
import path from "node:path";
import { maxInstructions, type AgentConfig } from "../model/config-agents.ts";
import type { DeepProblem } from "./policy-check.ts";
import { readBounded } from "./read-bounded.ts";
import type { FillConfig } from "./read-document.ts";

/** As many bytes as the longest text of instructions can have. */
const maxBytes = 4 * maxInstructions;

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
      const read = await readInstructions(directory, instructionsFile);
      if (read.kind === "read") agents[name] = { ...rest, instructions: read.text };
      else {
        const at = ["agents", name, "instructionsFile"];
        problems.push({ path: at, line: 1, message: read.reason });
      }
    }
    return { config: { ...config, agents }, problems };
  };
}

type Read =
  | { readonly kind: "read"; readonly text: string }
  | { readonly kind: "refused"; readonly reason: string };

async function readInstructions(directory: string, file: string): Promise<Read> {
  let text: string;
  try {
    const place = await findWithin(directory, file);
    if (place === null)
      return refused("leads out of the directory of countersign.yaml, or into a hidden one");
    const bytes = await readBounded(place, maxBytes);
    if (bytes === null) return refused(`names a file of more than ${maxBytes} bytes`);
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    return refused(error instanceof TypeError ? "names a file that is not UTF-8" : toReason(error));
  }
  if (text.trim() === "") return refused("names a file without a text");
  if (text.length > maxInstructions)
    return refused(`names a file of more than ${maxInstructions} characters`);
  return { kind: "read", text };
}

/** A link is followed, and must not lead to what the document itself could not name. */
async function findWithin(directory: string, file: string): Promise<string | null> {
  const root = await realpath(directory);
  const place = await realpath(path.resolve(root, file));
  const parts = path.relative(root, place).split(path.sep);
  const isWithin = parts.every((part) => part !== "" && !part.startsWith("."));
  return isWithin && /\.(?:md|txt)$/.test(place) ? place : null;
}

function toReason(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return "names a file that is not there";
  return `names a file that cannot be read (${code ?? "unknown"})`;
}

function refused(reason: string): Read {
  return { kind: "refused", reason };
}
