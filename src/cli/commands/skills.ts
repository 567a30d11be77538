import type { Bundle, Client } from "../../client/client.ts";
import { didYouMean } from "../../lib/closest.ts";
import { Fault } from "../../model/fault.ts";
import { hasErrors } from "../../model/skill-finding.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderLint, renderSkill, renderSkills, toRow } from "../render-skills.ts";

export interface LintFlags {
  readonly json: boolean;
}
export interface ShowFlags extends LintFlags {
  readonly url?: string;
  readonly agent?: string;
}
export interface ListFlags extends ShowFlags {
  readonly window?: string;
}

export const listSkills: Run<ListFlags> = async ({ parts, voice }, flags) => {
  const window = toWindow(flags.window);
  const { client } = await parts.connect(flags.url);
  const bundles = await readBundles(client, flags.agent);
  const agents = bundles.map(toRow);
  voice.answer({ agents }, renderSkills(agents, window));
  return exitCodes.ok;
};

export const showSkill: Run<ShowFlags, [string]> = async ({ parts, voice }, flags, name) => {
  const { client } = await parts.connect(flags.url);
  const bundles = await readBundles(client, flags.agent);
  const found = bundles.flatMap(({ bundle }) =>
    bundle.skills
      .filter((skill) => skill.name === name)
      .map((skill) => ({ agent: bundle.agent, tools: bundle.tools, skill })),
  );
  if (found.length === 0) {
    const names = bundles.flatMap(({ bundle }) => bundle.skills.map((skill) => skill.name));
    throw new Fault("not_found", `No agent has a skill of this name.${didYouMean(name, names)}`);
  }
  const shown = found.map(({ agent, skill }) => ({ agent, ...skill }));
  voice.answer({ skills: shown }, found.map((each) => renderSkill(each, voice.paint)).join("\n\n"));
  return exitCodes.ok;
};

export const lintSkills: Run<LintFlags, [string]> = async ({ parts, voice }, _flags, folder) => {
  const linted = await parts.lintSkills(folder);
  const ok = !hasErrors(linted.findings);
  voice.answer({ folder, ok, ...linted }, renderLint(linted));
  return ok ? exitCodes.ok : exitCodes.usage;
};

/** What each agent would start with now; one whose bundle cannot be built has no skills to show. */
async function readBundles(client: Client, agent: string | undefined): Promise<readonly Bundle[]> {
  const { body } = await client.listBundles(agent === undefined ? {} : { agent });
  const usable = body.bundles.filter(({ digest }) => digest !== null);
  const [only] = body.bundles;
  if (agent !== undefined && usable.length === 0)
    throw new Fault("config_invalid", only?.problem ?? "The agent has no bundle.");
  const built: Bundle[] = [];
  for (const each of usable)
    built.push((await client.buildBundle({ body: JSON.stringify({ agent: each.agent }) })).body);
  return built;
}

function toWindow(given: string | undefined): number | null {
  if (given === undefined) return null;
  const window = Number(given);
  if (Number.isSafeInteger(window) && window > 0) return window;
  throw new Fault("usage_invalid", "--window takes a whole number of tokens, such as 128000.");
}
