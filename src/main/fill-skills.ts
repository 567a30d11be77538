import { realpath } from "node:fs/promises";
import path from "node:path";
import type { AgentConfig } from "../model/config-agents.ts";
import { renderFinding, type SkillFinding } from "../model/skill-finding.ts";
import { skillLimits, type SkillHead } from "../model/skill.ts";
import type { DeepProblem } from "./policy-check.ts";
import type { FillConfig } from "./read-document.ts";
import { createBound, readSkills, refuseAlike, type ReadSkill } from "./read-skills.ts";
import type { SkillShelf } from "./skill-shelf.ts";

export interface SkillsReadingOptions {
  /** Of countersign.yaml. */
  readonly directory: string;
  /** Takes what was read, until a revision keeps it. */
  readonly shelf: SkillShelf;
  /** Told of what can be lived with. */
  readonly onWarnings: (warnings: readonly string[]) => void;
}

/** Of one wrong folder no more is said: `skills lint` says the rest. */
const mostSaid = 10;

/**
 * Skills that stand in folders, put where they belong: the revision names each by its digest, and what is
 * in it is kept with the revision. A folder that changed is read again by the next plan or apply.
 */
export function createSkillsReading(options: SkillsReadingOptions): FillConfig {
  return async (config) => {
    const problems: DeepProblem[] = [];
    const warnings: string[] = [];
    const agents: Record<string, AgentConfig> = {};
    const reading: Reading = { ...options, left: createBound(), known: new Map() };
    for (const [name, agent] of Object.entries(config.agents)) {
      const { skills, loadedSkills, ...rest } = agent;
      const complain = (at: string, message: string, index?: number) =>
        void problems.push({
          path: ["agents", name, at, ...(index === undefined ? [] : [index])],
          line: 1,
          message,
        });
      if (loadedSkills !== undefined)
        complain("loadedSkills", "is written by the server: name folders in skills");
      if (skills === undefined) {
        agents[name] = agent;
        continue;
      }
      const loaded = await load(skills, { ...reading, complain, warnings });
      agents[name] = loaded.length === 0 ? rest : { ...rest, loadedSkills: loaded };
    }
    if (problems.length === 0 && warnings.length > 0) options.onWarnings([...new Set(warnings)]);
    return { config: { ...config, agents }, problems };
  };
}

interface Folder {
  readonly skills: readonly ReadSkill[];
  readonly findings: readonly SkillFinding[];
}

interface Reading extends SkillsReadingOptions {
  readonly left: { bytes: number };
  /** Agents that share a folder have it read once. */
  readonly known: Map<string, Folder | string>;
}

interface Loading extends Reading {
  readonly complain: (at: string, message: string, index?: number) => void;
  readonly warnings: string[];
}

async function load(folders: readonly string[], loading: Loading): Promise<readonly SkillHead[]> {
  const { complain, shelf, warnings } = loading;
  const skills: ReadSkill[] = [];
  for (const [index, folder] of folders.entries()) {
    const read = await readFolder(folder, loading);
    if (typeof read === "string") {
      complain("skills", read, index);
      continue;
    }
    const errors = read.findings.filter(({ grade }) => grade === "error");
    if (errors.length > 0) complain("skills", toWords(errors), index);
    const rest = read.findings.filter(({ grade }) => grade === "warning");
    warnings.push(...rest.map(renderFinding));
    skills.push(...read.skills);
  }
  const alike: SkillFinding[] = [];
  refuseAlike(skills, alike);
  if (alike.length > 0) complain("skills", toWords(alike));
  const files = skills.reduce((sum, { tree }) => sum + tree.length, 0);
  if (skills.length > skillLimits.skills)
    complain("skills", `holds more than ${skillLimits.skills} skills`);
  if (files > skillLimits.filesOfAgent)
    complain("skills", `holds more than ${skillLimits.filesOfAgent} files`);
  shelf.add(skills);
  return skills
    .map(({ head }) => head)
    .toSorted((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
}

function toWords(errors: readonly SkillFinding[]): string {
  const said = errors.slice(0, mostSaid).map(renderFinding).join("; ");
  const more = errors.length - mostSaid;
  return `cannot be loaded: ${said}${more > 0 ? `; and ${more} more` : ""}`;
}

async function readFolder(
  given: string,
  { directory, left, known }: Reading,
): Promise<Folder | string> {
  const label = given.replace(/\/+$/, "");
  const before = known.get(label);
  if (before !== undefined) return before;
  const read = await readAt(label, directory, left);
  known.set(label, read);
  return read;
}

async function readAt(
  label: string,
  directory: string,
  left: { bytes: number },
): Promise<Folder | string> {
  try {
    const folder = await findWithin(directory, label);
    if (folder === null)
      return "leads out of the directory of countersign.yaml, or into a hidden folder";
    return await readSkills({ folder, label }, left);
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR"
      ? "names a folder that is not there"
      : `names a folder that cannot be read (${code})`;
  }
}

/** A link is followed, and must not lead to what the document itself could not name. */
async function findWithin(directory: string, label: string): Promise<string | null> {
  const root = await realpath(directory);
  const place = await realpath(path.resolve(root, label));
  const parts = path.relative(root, place).split(path.sep);
  const isShared = (parts[0] === ".agents" || parts[0] === ".claude") && parts[1] === "skills";
  const open = isShared ? parts.slice(2) : parts;
  return open.every((part) => part !== "" && !part.startsWith(".")) ? place : null;
}
