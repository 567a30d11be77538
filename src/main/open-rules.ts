import type { Config } from "../model/config.ts";
import type { ToolConfig } from "../model/config-servers.ts";
import { Fault } from "../model/index.ts";
import { loadSqlParser } from "../policy/parameters/sql-parser.ts";
import { createPolicySet, type PolicySet } from "../policy/policy-set.ts";
import { readRules } from "../policy/rules.ts";
import type { Telemetry } from "../ports/telemetry.ts";

/** The rules of a revision; null where none are written: then `policy.rule` holds. */
export async function openRules(config: Config, telemetry: Telemetry): Promise<PolicySet | null> {
  // The grammar of Postgres takes its time to load: only whoever checks SQL waits for it.
  if (readsSql(config)) await loadSqlParser();
  sayRule(config, telemetry);
  const { rules } = config.policy;
  if (Object.keys(rules).length === 0) return null;
  const read = readRules(rules);
  if (read.kind === "read") return createPolicySet(read.rules);
  // Said in full when the document was read; here it ends the start.
  const [first] = read.problems;
  throw new Fault(
    "config_invalid",
    `policy.rules.${first?.source} ${first?.message ?? "is wrong"}`,
  );
}

function readsSql({ servers }: Config): boolean {
  const types = Object.values(servers).flatMap(({ tools }) =>
    Object.values<ToolConfig>(tools).flatMap(({ parameters }) => Object.values(parameters ?? {})),
  );
  return types.some(({ type }) => type === "sql");
}

/** Whoever allows everything is told so at each start. */
function sayRule({ policy, servers }: Config, telemetry: Telemetry): void {
  const count = Object.keys(servers).length;
  if (count === 0 || Object.keys(policy.rules).length > 0) return;
  if (policy.rule === "allow-all") {
    telemetry.log(
      "warn",
      "policy.rule is allow-all: every caller may call every tool that is not blocked",
      { servers: count },
    );
  } else {
    telemetry.log(
      "warn",
      "policy.rule is deny-all: no tool can be called until countersign.yaml allows it",
      { servers: count },
    );
  }
}
