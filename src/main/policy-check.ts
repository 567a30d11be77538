import { listServers } from "../model/agents-server.ts";
import type { Config } from "../model/config.ts";
import { toOwnDefinitions, type ServerConfig } from "../model/config-servers.ts";
import type { KeyPath } from "../model/problem.ts";
import { toExposedName, type TenantId } from "../model/index.ts";
import { toArgumentType } from "../policy/argument-type.ts";
import { checkRules } from "../policy/check.ts";
import type { CheckedTool } from "../policy/policy-schema.ts";
import { readRules, type RuleProblem } from "../policy/rules.ts";
import type { Pins } from "../ports/pin-rows.ts";

/** What is wrong behind a value of the document that its schema cannot see. */
export interface DeepProblem {
  readonly path: KeyPath;
  /** Of the text that stands there, from 1. */
  readonly line: number;
  readonly message: string;
}

/** The rules of a document: whether Cedar reads them. */
export function checkRuleTexts({ policy }: Config): readonly DeepProblem[] {
  const read = readRules(policy.rules);
  return read.kind === "refused" ? read.problems.map(toDeep) : [];
}

export interface PolicyCheckOptions {
  readonly pins: Pick<Pins, "get" | "list">;
  readonly tenant: TenantId;
}

/** And whether they fit the pinned tools: a slip, or a drift that took an argument away, is said here. */
export function createPolicyCheck(options: PolicyCheckOptions) {
  return async (config: Config): Promise<readonly DeepProblem[]> => {
    const read = readRules(config.policy.rules);
    if (read.kind === "refused") return read.problems.map(toDeep);
    if (read.rules.length === 0) return [];
    const { tools, unseen } = await readPinned(config, options);
    return checkRules(read.rules, { tools, unseen }).problems.map(toDeep);
  };
}

/** The tools that a configuration would offer, as far as they were ever seen. */
export async function readPinned(
  config: Config,
  options: PolicyCheckOptions,
): Promise<{ readonly tools: readonly CheckedTool[]; readonly unseen: readonly string[] }> {
  const tools: CheckedTool[] = [];
  const unseen: string[] = [];
  for (const [server, known] of Object.entries(listServers(config))) {
    const pinned = await listPinned(server, known, options);
    if (pinned.length === 0) unseen.push(server);
    for (const { name, inputSchema } of pinned) {
      const id = toExposedName(server, name);
      const { effect, outward } = known.tools[name] ?? known;
      tools.push({
        kind: "Tool",
        id,
        action: id,
        name,
        server,
        effect,
        outward: outward ?? known.outward,
        argumentType: toArgumentType(inputSchema),
      });
    }
  }
  return { tools, unseen };
}

interface Pinned {
  readonly name: string;
  readonly inputSchema?: unknown;
}

async function listPinned(
  server: string,
  config: ServerConfig,
  { pins, tenant }: PolicyCheckOptions,
): Promise<readonly Pinned[]> {
  const own = toOwnDefinitions(config);
  if (own !== null) return own;
  const rows = await pins.list(tenant, server);
  return rows.map(({ definition }) => JSON.parse(new TextDecoder().decode(definition)) as Pinned);
}

function toDeep({ source, line, rule, message }: RuleProblem): DeepProblem {
  const about = rule === null ? message : `${message} (rule ${rule})`;
  return { path: ["policy", "rules", source], line, message: about };
}
