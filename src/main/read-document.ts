import { parseConfig, placeInConfig, type ParsedConfig } from "../adapters/yaml/parse-config.ts";
import type { Config } from "../model/config.ts";
import { toConfigRevision } from "../model/config-revision.ts";
import { listProblems, renderKeyPath, type KeyPath } from "../model/problem.ts";
import { checkRuleTexts, type DeepProblem } from "./policy-check.ts";

export type CheckConfig = (config: Config) => Promise<readonly DeepProblem[]>;

/**
 * At start the texts alone are checked. A tool that drifted while nothing ran is no reason to serve
 * nothing: a rule that cannot be evaluated denies, and the next plan names it.
 */
export const checkAtStart: CheckConfig = async (config) => checkRuleTexts(config);

/** Puts what other files say into the places of a document that name them. */
export type FillConfig = (config: Config) => Promise<FilledConfig>;
export interface FilledConfig {
  readonly config: Config;
  readonly problems: readonly DeepProblem[];
}

/** A document to a revision, or everything that is wrong with it, what its schema cannot see included. */
export async function readDocument(
  document: string,
  check: CheckConfig,
  fill: FillConfig | null = null,
): Promise<ParsedConfig> {
  const parsed = parseConfig(document);
  if (parsed.kind === "invalid") return parsed;
  const filled = await fill?.(parsed.revision.config);
  const config = filled?.config ?? parsed.revision.config;
  const found = [...(filled?.problems ?? []), ...(await check(config))];
  if (found.length === 0)
    return filled === undefined ? parsed : { kind: "valid", revision: toConfigRevision(config) };
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
