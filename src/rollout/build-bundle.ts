import { didYouMean } from "../lib/closest.ts";
import { deepFreeze } from "../lib/deep-freeze.ts";
import {
  agentServer,
  agentToolEffect,
  internalIsolation,
  toAgentTool,
  type AgentTool,
} from "../model/agent-tool.ts";
import type { AgentContext } from "../model/agent-context.ts";
import { bundleSchema, toBundleDigest, type Bundle, type BundledTool } from "../model/bundle.ts";
import type { AgentConfig } from "../model/config-agents.ts";
import { toSandboxLimits } from "../model/config-sandbox.ts";
import type { Config } from "../model/config.ts";
import { Fault, toCanonicalText, toDigest, type Digest, type TenantId } from "../model/index.ts";
import type { SkillTree } from "../model/skill.ts";
import type { Catalog, CatalogServer, CatalogTool } from "../ports/catalog.ts";
import { toBundledFacts } from "../model/bundled-facts.ts";
import { workbenchVersion } from "../model/workbench-tools.ts";
import { toBundledContext } from "./bundled-context.ts";
import { toBundledMemory } from "./bundled-memory.ts";
import { toBundledPolicy } from "./bundled-policy.ts";
import { toBundledRoute } from "./bundled-route.ts";
import { listSourceServers, refuseStrangeSources } from "./source-checks.ts";

/** What of a configuration ends up in bundles. */
export type BundledConfig = Pick<Config, "agents" | "memory" | "models" | "policy">;

export interface BundleParts {
  readonly config: BundledConfig;
  /** As it is at one moment. */
  readonly catalog: Catalog;
  /** Whose agent it is: servers that are other tenants' are not there. */
  readonly tenant: TenantId;
  /** The files of the skills that the configuration names, by the skills' digests. */
  readonly skills: ReadonlyMap<Digest, SkillTree>;
}

export interface ResolvedBundle {
  readonly digest: Digest;
  readonly bundle: Bundle;
}

/** An agent as plain data, with everything that its runs depend on named by value or by digest. */
export function buildBundle(name: string, parts: BundleParts): ResolvedBundle {
  const { config } = parts;
  const agent = findAgent(name, config);
  const callees = agent.agents.map((each) =>
    toAgentTool(each, findAgent(each, config).description),
  );
  const context = toBundledContext(name, agent.context);
  const picked = pickTools(name, agent, { ...parts, context });
  const tools = [...picked.tools.map(toBundledTool), ...callees.map(toBundledCallee)].toSorted(
    (one, other) => byCodeUnit(one.exposed, other.exposed),
  );
  refuseDoubled(name, tools);
  refuseStrangeSources(name, context, tools);
  const bundle: Bundle = {
    v: 1,
    agent: name,
    description: agent.description,
    model: {
      alias: agent.model,
      maxTokens: agent.maxTokens,
      temperature: agent.temperature ?? null,
      stop: agent.stop,
      route: toBundledRoute(agent.model, config.models),
    },
    instructions: toInstructions(name, agent),
    context,
    toolset: agent.toolset ?? "",
    tools,
    servers: toServers(picked.servers, callees),
    skills: toSkills(name, agent, parts),
    memory: toBundledMemory({
      agent: name,
      servers: picked.servers.map((server) => server.name),
      memory: config.memory,
    }),
    policy: toBundledPolicy(config.policy),
    waits: agent.waits,
    compensations: toCompensations(name, agent, tools),
    limits: {
      caps: {
        micros: agent.budget.money ?? null,
        tokens: agent.budget.tokens ?? null,
        calls: agent.budget.calls ?? null,
      },
      maxSteps: agent.maxSteps,
      deadlineMs: agent.deadline ?? null,
    },
  };
  const whole = checkWhole(bundle);
  return Object.freeze({ digest: toBundleDigest(whole), bundle: whole });
}

function findAgent(name: string, { agents }: BundledConfig): AgentConfig {
  const agent = Object.hasOwn(agents, name) ? agents[name] : undefined;
  if (agent !== undefined) return agent;
  throw noAgent(name, Object.keys(agents));
}

export function noAgent(name: string, names: readonly string[]): Fault {
  return new Fault("not_found", `There is no agent of this name.${didYouMean(name, names)}`);
}

/** A document that was read without its files has none: better no bundle than one that says nothing. */
function toInstructions(name: string, { instructions }: AgentConfig): string {
  if (instructions !== undefined) return instructions;
  throw new Fault("config_invalid", `The instructions of the agent ${name} were not read.`);
}

function toSkills(
  name: string,
  { skills: folders, loadedSkills = [] }: AgentConfig,
  { skills }: BundleParts,
): Bundle["skills"] {
  if (folders !== undefined)
    throw new Fault("config_invalid", `The skills of the agent ${name} were not read.`);
  return loadedSkills.map((head) => {
    const files = skills.get(head.digest);
    if (files !== undefined) return { ...head, files };
    const message = `The files of the skill ${head.name} of the agent ${name} are not there.`;
    throw new Fault("config_invalid", message);
  });
}

interface Picked {
  readonly tools: readonly CatalogTool[];
  readonly servers: readonly CatalogServer[];
}

interface Picking extends BundleParts {
  readonly context: AgentContext;
}

/** The agent's own tools as they are pinned, and the servers that they and its sources come from. */
function pickTools(name: string, agent: AgentConfig, picking: Picking): Picked {
  const { catalog, tenant, context } = picking;
  const toolset = catalog.toolsets.get(agent.toolset ?? "");
  if (toolset === undefined)
    throw new Fault("config_invalid", `The agent ${name} has a toolset that is not there.`);
  const open = new Map(
    toolset.servers.flatMap((each) => {
      const server = catalog.servers.get(each);
      const isOpen = server?.config.tenants?.includes(tenant) ?? true;
      return server === undefined || !isOpen || each === agentServer ? [] : [[each, server]];
    }),
  );
  const offered = [...toolset.tools.values()].filter(({ server }) => open.has(server));
  const tools = agent.tools === undefined ? offered : pickNamed(name, agent.tools, offered);
  for (const tool of tools) refuseBlocked(name, tool);
  // Of a whole toolset, a server that never told its tools is named: they come with a later bundle.
  const sources = listSourceServers(name, context, [...open.keys()]);
  const used = new Set([...tools.map(({ server }) => server), ...sources]);
  const servers = [...open.values()].filter(
    (server) => agent.tools === undefined || used.has(server.name),
  );
  return { tools, servers };
}

function pickNamed(
  agent: string,
  names: readonly string[],
  offered: readonly CatalogTool[],
): readonly CatalogTool[] {
  const byName = new Map(offered.map((tool) => [tool.exposed, tool]));
  return [...new Set(names)].map((name) => {
    const tool = byName.get(name);
    if (tool !== undefined) return tool;
    const hint = didYouMean(name, [...byName.keys()]);
    throw new Fault(
      "tool_blocked",
      `The agent ${agent} has the tool ${name}, which is not there: its server does not offer it, was not reached yet, or it was never accepted.${hint}`,
      { details: { agent, tool: name } },
    );
  });
}

function refuseBlocked(agent: string, { exposed, blocked }: CatalogTool): void {
  if (blocked === null) return;
  const reasons = blocked.reasons.join("; ");
  throw new Fault(
    "tool_blocked",
    `The agent ${agent} has the tool ${exposed}, which drifted from what was accepted: ${reasons}`,
    { details: { agent, tool: exposed, grade: blocked.grade } },
  );
}

/** A toolset that names tools as their server does could hold one that is called like an agent. */
function refuseDoubled(agent: string, tools: readonly BundledTool[]): void {
  const doubled = tools.find(({ exposed }, index) => tools[index + 1]?.exposed === exposed);
  if (doubled === undefined) return;
  throw new Fault("config_invalid", `The agent ${agent} has two tools named ${doubled.exposed}.`);
}

function toBundledTool({ exposed, server, name, pin, effect, config }: CatalogTool): BundledTool {
  return { exposed, server, tool: name, pin, effect, ...toBundledFacts(config) };
}

function toBundledCallee({ exposed, name, pin }: AgentTool): BundledTool {
  return { exposed, server: agentServer, tool: name, pin, effect: agentToolEffect };
}

function toServers(
  servers: readonly CatalogServer[],
  callees: readonly AgentTool[],
): Bundle["servers"] {
  const bundled = servers.map(({ name, serverVersion, config }) => ({
    name,
    version: toVersion(serverVersion),
    source: toDigest(toCanonicalText(toSource(config))),
    ...toIsolation(config),
  }));
  if (callees.length > 0) {
    const source = toDigest(toCanonicalText({ transport: internalIsolation }));
    const isolation = { isolation: internalIsolation, sandbox: null };
    bundled.push({ name: agentServer, version: null, source, ...isolation });
  }
  return bundled.toSorted((one, other) => byCodeUnit(one.name, other.name));
}

function toIsolation(
  config: CatalogServer["config"],
): Pick<Bundle["servers"][number], "isolation" | "sandbox"> {
  if (config.transport === "internal") return { isolation: internalIsolation, sandbox: null };
  if (config.transport !== "stdio" && config.transport !== "workbench")
    return { isolation: "remote", sandbox: null };
  const { sandbox, egress, egressPrivate } = config;
  if (sandbox === "none") return { isolation: sandbox, sandbox: null };
  const files = config.transport === "stdio" ? config.files : [];
  const limits = { ...toSandboxLimits(config) };
  return { isolation: sandbox, sandbox: { files, egress, egressPrivate, limits } };
}

const maxVersion = 256;

/** A server may say anything of itself; what would not fit stands as its digest. */
function toVersion(version: string | null): string | null {
  if (version === null || version === "") return null;
  return version.length <= maxVersion ? version : toDigest(version);
}

/** What is started or dialled. Of secrets the references, which are all that a configuration holds. */
function toSource(config: CatalogServer["config"]): object {
  if (config.transport === "internal") return { transport: internalIsolation };
  if (config.transport === "stdio") {
    const { transport, command, environment, directory = null, egressCredentials } = config;
    const bound = egressCredentials.length === 0 ? {} : { egressCredentials };
    return { transport, command, environment, directory, ...bound };
  }
  if (config.transport === "workbench") {
    const { transport, workspace } = config;
    return { transport, version: workbenchVersion, workspace };
  }
  const { transport, url, endpoints, tls } = config;
  const { authority = null, serverName = null } = tls ?? {};
  return { transport, url, endpoints, authority, serverName };
}

function toCompensations(
  agent: string,
  { compensations }: AgentConfig,
  tools: readonly BundledTool[],
): Bundle["compensations"] {
  const names = tools.map(({ exposed }) => exposed);
  for (const [name, { tool }] of Object.entries(compensations)) {
    const strange = [name, tool].find((each) => !names.includes(each));
    if (strange === undefined) continue;
    const hint = didYouMean(strange, names);
    throw new Fault(
      "config_invalid",
      `A compensation of the agent ${agent} names ${strange}, which is none of its tools.${hint}`,
      { details: { agent, tool: strange } },
    );
  }
  return compensations;
}

/** What could not be read back is not kept. */
function checkWhole(bundle: Bundle): Bundle {
  const read = bundleSchema.safeParse(bundle);
  if (read.success) return deepFreeze(read.data);
  const [issue] = read.error.issues;
  const place = issue?.path.join(".") ?? "";
  throw new Fault(
    "config_invalid",
    `The agent ${bundle.agent} does not fit into a bundle: ${place} ${issue?.message ?? ""}`,
  );
}

/** The same on every machine, whatever its language. */
function byCodeUnit(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
