import type { Bundle } from "../client/client.ts";
import { toPlainInert } from "../lib/inert-text.ts";
import { renderFinding } from "../model/skill-finding.ts";
import { listSkills } from "../model/skill-listing.ts";
import { estimateTokens, tokenEstimate } from "../model/skill-text.ts";
import { skillFile } from "../model/skill.ts";
import type { LintedSkills } from "./context.ts";
import { count, shorten } from "./render-changes.ts";
import { renderTable } from "./render-table.ts";
import type { Paint } from "./voice.ts";

type Skill = Bundle["bundle"]["skills"][number];

interface Cost {
  /** What the estimate is called. */
  readonly estimate: string;
  /** Of all its skills' names and descriptions, at every turn. */
  readonly listed: number;
}

export interface AgentSkills {
  readonly agent: string;
  readonly tokens: Cost;
  readonly skills: readonly (Omit<Skill, "files"> & {
    readonly files: number;
    /** Of its instructions, each time that they are read. */
    readonly tokens: number;
  })[];
}

export function toRow({ bundle: { agent, skills } }: Bundle): AgentSkills {
  const listed = skills.length === 0 ? 0 : estimateTokens(listSkills(skills));
  return {
    agent,
    tokens: { estimate: tokenEstimate, listed },
    skills: skills.map(({ files, ...skill }) => ({
      ...skill,
      files: files.length,
      tokens: toBodyTokens(files),
    })),
  };
}

export function renderSkills(agents: readonly AgentSkills[], window: number | null): string {
  const having = agents.filter(({ skills }) => skills.length > 0);
  if (having.length === 0) return "No agent has skills: docs/skills.md says how to name some.";
  return having
    .map(({ agent, skills, tokens }) =>
      [
        `${inert(agent)}: ${count(skills.length, "skill")}, some ${count(tokens.listed, "token")} at every turn${toShare(tokens.listed, window)}`,
        renderTable(
          skills.map(({ name, description, digest, files, tokens: body }) => [
            name,
            shorten(digest),
            count(files, "file"),
            `${body} tokens when read`,
            cut(description),
          ]),
        ),
      ].join("\n"),
    )
    .concat(`Tokens are estimated as ${tokenEstimate}.`)
    .join("\n\n");
}

interface Shown {
  readonly agent: string;
  readonly skill: Skill;
  readonly tools: Bundle["bundle"]["tools"];
}

export function renderSkill({ agent, skill, tools }: Shown, paint: Paint): string {
  const { name, description, digest, wishes, files } = skill;
  return [
    `${paint.bold(inert(name))}  ${paint.dim(digest)}`,
    `  of ${inert(agent)}`,
    `  ${inert(description)}`,
    "",
    renderTable(files.map((file) => [file.path, `${file.size} bytes`, shorten(file.digest)])),
    ...(wishes.length === 0
      ? []
      : [
          "",
          "  It asks for these tools. Nothing is granted by that:",
          renderTable(wishes.map((wish) => [wish, toStanding(wish, tools)])),
        ]),
  ].join("\n");
}

/** What a wish names among the tools that the agent has anyway. */
function toStanding(wish: string, tools: Shown["tools"]): string {
  const word = wish.split("(")[0]!.toLowerCase();
  const same = tools.filter(({ exposed, tool }) =>
    [exposed, tool].some((each) => each.toLowerCase() === word),
  );
  if (same.length === 0) return "the agent has no such tool";
  const named = same.map(({ exposed, effect }) => `${exposed} (${effect})`).join(", ");
  return `the agent has ${named}, which policy decides on`;
}

/** A line each: where, and what. */
export function renderLint({ skills, findings }: LintedSkills): string {
  const errors = findings.filter(({ grade }) => grade === "error").length;
  return [
    ...findings.map(renderFinding),
    `${count(skills.length, "skill")} can be loaded, ${count(errors, "error")}, ${count(findings.length - errors, "warning")}.`,
  ].join("\n");
}

function toBodyTokens(files: Skill["files"]): number {
  const main = files.find(({ path }) => path.toLowerCase() === skillFile.toLowerCase());
  return Math.ceil((main?.size ?? 0) / 4);
}

function toShare(tokens: number, window: number | null): string {
  if (window === null) return "";
  return `, ${((tokens / window) * 100).toFixed(1)} % of ${count(window, "token")}`;
}

function cut(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60).toWellFormed()}…`;
}

const inert = (text: string): string => toPlainInert(text);
