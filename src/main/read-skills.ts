import { readdir, realpath } from "node:fs/promises";
import path from "node:path";
import { parseSkill } from "../adapters/yaml/parse-skill.ts";
import { toDigest, type Digest } from "../model/index.ts";
import { judgeFile, judgeLinks, toFileText, type ReadFile } from "../model/skill-files.ts";
import { createComplain, hasErrors, type SkillFinding } from "../model/skill-finding.ts";
import { toNameLikeness } from "../model/skill-name.ts";
import { estimateTokens } from "../model/skill-text.ts";
import {
  skillFile,
  skillLimits,
  toTreeDigest,
  type SkillHead,
  type SkillTree,
} from "../model/skill.ts";
import { walkSkill } from "./walk-skill.ts";

export interface ReadSkill {
  readonly head: SkillHead;
  readonly tree: SkillTree;
  readonly contents: ReadonlyMap<Digest, Uint8Array>;
  /** How its folder is called in findings. */
  readonly label: string;
}

export interface SkillsRead {
  /** Those that can be loaded. */
  readonly skills: readonly ReadSkill[];
  readonly findings: readonly SkillFinding[];
}

export interface SkillPlace {
  /** A folder of a skill, or one that holds such folders. */
  readonly folder: string;
  /** How it is called in findings. */
  readonly label: string;
}

/** What agents are told is short; what is read only when it is needed may be long, but not that long. */
const longBodyTokens = 5_000;

/** The skills of a folder, with everything that is wrong with them. Throws where it cannot be read. */
export async function readSkills(
  { folder, label }: SkillPlace,
  left = createBound(),
): Promise<SkillsRead> {
  const findings: SkillFinding[] = [];
  const root = await realpath(folder);
  const skills: ReadSkill[] = [];
  for (const name of await listSkills(root, { label, findings })) {
    const place = {
      folder: path.join(root, name),
      label: name === "" ? label : `${label}/${name}`,
    };
    const skill = await readSkill(place, findings, left);
    if (skill !== null) skills.push(skill);
  }
  refuseAlike(skills, findings);
  return { skills: skills.filter(({ label: one }) => !isRefused(findings, one)), findings };
}

/** What is read together is bounded together. */
export function createBound(): { bytes: number } {
  return { bytes: skillLimits.bytesOfAll };
}

/** Two skills that go by one name, or by names that are taken for each other, are both refused. */
export function refuseAlike(skills: readonly ReadSkill[], findings: SkillFinding[]): void {
  const seen = new Map<string, ReadSkill>();
  for (const skill of skills) {
    const { name } = skill.head;
    const other = seen.get(toNameLikeness(name));
    if (other === undefined) {
      seen.set(toNameLikeness(name), skill);
      continue;
    }
    const isSame = other.head.name === name;
    const message = isSame
      ? `is the name of the skill in ${other.label}, too`
      : `is too much like ${other.head.name}, the name of the skill in ${other.label}`;
    createComplain(`${skill.label}/${skillFile}`, findings)("error", message, { key: "name" });
  }
}

function isRefused(findings: readonly SkillFinding[], label: string): boolean {
  return hasErrors(findings.filter(({ file }) => file === label || file.startsWith(`${label}/`)));
}

interface Listing {
  readonly label: string;
  readonly findings: SkillFinding[];
}

/** The folder itself, as an empty name, or the folders in it that hold a skill. */
async function listSkills(root: string, { label, findings }: Listing): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  if (entries.some(({ name }) => isMain(name))) return [""];
  const names: string[] = [];
  if (entries.length > skillLimits.entries) {
    createComplain(label, findings)("error", `holds more than ${skillLimits.entries} entries`);
    return [];
  }
  for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    const { name } = entry;
    if (name.startsWith(".")) continue;
    const complain = createComplain(`${label}/${name}`, findings);
    if (entry.isSymbolicLink()) complain("error", "is a link; name the folder that it leads to");
    if (!entry.isDirectory()) continue;
    if ((await readdir(path.join(root, name))).some(isMain)) names.push(name);
    else complain("warning", `is left out: it holds no ${skillFile}`);
  }
  const complain = createComplain(label, findings);
  if (names.length === 0) complain("error", `holds no ${skillFile}, nor a folder that holds one`);
  if (names.length <= skillLimits.skills) return names;
  complain("error", `holds more than ${skillLimits.skills} skills`);
  return [];
}

async function readSkill(
  { folder, label }: SkillPlace,
  findings: SkillFinding[],
  left: { bytes: number },
): Promise<ReadSkill | null> {
  const before = findings.length;
  const files = await walkSkill({ root: folder, label, findings, left });
  for (const file of files) judgeFile(file, `${label}/${file.path}`, findings);
  const main = files.find((file) => isMain(file.path));
  if (main === undefined) {
    if (!hasErrors(findings.slice(before)))
      createComplain(label, findings)("error", `holds no ${skillFile}`);
    return null;
  }
  const parsed = parseMain(main, { folder, label, findings, files });
  if (parsed === null) return null;
  const { body: _, ...said } = parsed;
  const contents = new Map(files.map(({ bytes }) => [toDigest(bytes), bytes]));
  const tree = files.map((file) => ({
    path: file.path,
    digest: toDigest(file.bytes),
    size: file.bytes.length,
  }));
  return { head: { ...said, digest: toTreeDigest(tree) }, tree, contents, label };
}

interface Main extends SkillPlace {
  readonly findings: SkillFinding[];
  readonly files: readonly ReadFile[];
}

function parseMain({ path: name, bytes }: ReadFile, { folder, label, findings, files }: Main) {
  const complain = createComplain(`${label}/${name}`, findings);
  if (name !== skillFile)
    complain("warning", "is not spelled as the format has it", { suggestion: skillFile });
  if (bytes.length > skillLimits.mainBytes) {
    complain("error", `is larger than ${skillLimits.mainBytes} bytes`);
    return null;
  }
  const text = toFileText(bytes);
  if (text === null) {
    complain("error", "is not UTF-8");
    return null;
  }
  const parsed = parseSkill(text, { folder: path.basename(folder), complain });
  if (parsed === null) return null;
  judgeLinks(text, new Set(files.map((file) => file.path)), complain);
  const tokens = estimateTokens(parsed.body);
  if (tokens > longBodyTokens)
    complain(
      "warning",
      `has some ${tokens} tokens; what is not always needed belongs into files of its own`,
    );
  return parsed;
}

function isMain(name: string): boolean {
  return name.toLowerCase() === skillFile.toLowerCase();
}
