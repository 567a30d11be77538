import type { KeyHolder } from "../../authority/keyring.ts";
import type { SkillHead } from "../../model/skill.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Configuration } from "../../ports/configuration.ts";
import type { RunDesk } from "../../ports/run-desk.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { ApprovalAnswersOptions } from "../approval-answers.ts";
import type { BundleAnswersOptions } from "../bundle-answers.ts";
import type { AgentsOptions } from "../run-agents.ts";
import type { CardKeys } from "./card.ts";

/** Of an agent what other agents may learn of it, as the serving revision has it. */
export interface ExposedAgent {
  readonly description: string;
  readonly toolset?: string | undefined;
  readonly loadedSkills?: readonly SkillHead[] | undefined;
  /** Absent: it is not there for anybody who comes by this protocol. */
  readonly a2a?: { readonly public: boolean; readonly skills: boolean } | undefined;
}

/** What is asked for once a request: a new revision holds for the next one. */
export interface A2aParts {
  readonly agents: () => Readonly<Record<string, ExposedAgent>>;
  /** Null where no agent is exposed. */
  readonly keys: () => CardKeys | null;
  /** Where clients reach this server: without a slash at the end. */
  readonly url: () => string;
}

export interface A2aOptions
  extends
    Pick<ApprovalAnswersOptions, "desk" | "urlOf" | "catalog">,
    Pick<BundleAnswersOptions, "bundles">,
    Pick<AgentsOptions, "agents"> {
  readonly a2a: A2aParts;
  readonly runs: RunDesk;
  readonly configuration: Pick<Configuration, "current">;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly limits: () => { readonly bodyBytes: number; readonly requestDeadlineMs: number };
}

/** Who calls which agent. */
export interface Calling {
  readonly agent: string;
  readonly holder: KeyHolder | null;
}

/** Null: it is not there, whoever asks. */
export function findExposed({ a2a }: Pick<A2aOptions, "a2a">, name: string) {
  const agents = a2a.agents();
  const agent = Object.hasOwn(agents, name) ? agents[name]! : null;
  return agent?.a2a === undefined ? null : { ...agent, a2a: agent.a2a };
}
