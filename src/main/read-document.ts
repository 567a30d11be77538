import { parseConfig, placeInConfig, type ParsedConfig } from "../adapters/yaml/parse-config.ts";
import type { Config } from "../model/config.ts";
import { listProblems, renderKeyPath, type KeyPath } from "../model/problem.ts";
import { checkRuleTexts, type DeepProblem } from "./policy-check.ts";

export type CheckConfig = (config: Config) => Promise<readonly DeepProblem[]>;

/**
 * At start the texts alone are checked. A tool that drifted while nothing ran is no reason to serve
 * nothing: a rule that cannot be evaluated denies, and the next plan names it.
 */
export const checkAtStart: CheckConfig = async (config) => checkRuleTexts(config);

/** A document to a revision, or everything that is wrong with it, what its schema cannot see included. */
export async function readDocument(document: string, check: CheckConfig): Promise<ParsedConfig> {
  const parsed = parseConfig(document);
  if (parsed.kind === "invalid") return parsed;
  const found = await check(parsed.revision.config);
  if (found.length === 0) return parsed;
  const problems = found.map(({ path, line, message }) => ({
    ...placeInConfig(document, toPresent(path), line),
    key: renderKeyPath(path),
    message,
    suggestion: null,
  }));
  return { kind: "invalid", problems: listProblems(problems) };
}

/** A problem of all texts together names none of them. */
function toPresent(path: KeyPath): KeyPath {
  return path.filter((part) => part !== "");
}
