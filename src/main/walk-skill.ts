import { readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import type { ReadFile } from "../model/skill-files.ts";
import { createComplain, type SkillFinding } from "../model/skill-finding.ts";
import { skillLimits, skillPathSchema } from "../model/skill.ts";
import { readBounded } from "./read-bounded.ts";

export interface WalkingSkill {
  /** The skill's folder, without links in it. */
  readonly root: string;
  /** How the folder is called in findings. */
  readonly label: string;
  readonly findings: SkillFinding[];
  /** What may still be read of all skills that are read together. */
  readonly left: { bytes: number };
}

interface Walk extends WalkingSkill {
  readonly files: ReadFile[];
  folders: number;
  entries: number;
  bytes: number;
  /** A bound was met: what is there beyond it is not looked at. */
  isOver: boolean;
}

/** What programs leave behind; no part of any skill. */
const leftovers = new Set(["node_modules", "__pycache__"]);

/** Every file of a skill, in the order of their paths. Nothing outside the folder is opened. */
export async function walkSkill(options: WalkingSkill): Promise<readonly ReadFile[]> {
  const walk: Walk = { ...options, files: [], folders: 0, entries: 0, bytes: 0, isOver: false };
  await visit(walk, "");
  const files = walk.files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  refuseDoubled(walk, files);
  return files;
}

async function visit(walk: Walk, folder: string): Promise<void> {
  walk.folders += 1;
  if (walk.folders > skillLimits.folders)
    return stop(walk, folder, `the skill has more than ${skillLimits.folders} folders`);
  if (folder.split("/").length > skillLimits.depth)
    return stop(walk, folder, `lies deeper than ${skillLimits.depth} folders`);
  const entries = await readdir(path.join(walk.root, folder), { withFileTypes: true });
  for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    if (walk.isOver) return;
    walk.entries += 1;
    if (walk.entries > skillLimits.entries)
      return stop(walk, folder, `the skill has more than ${skillLimits.entries} entries`);
    const { name } = entry;
    const place = folder === "" ? name : `${folder}/${name}`;
    const complain = createComplain(toLabel(walk, place), walk.findings);
    const isNamed = skillPathSchema.safeParse(place);
    if (!isNamed.success) complain("error", isNamed.error.issues[0]!.message);
    else if (name.startsWith(".") || leftovers.has(name))
      complain(
        "warning",
        "is left out: hidden files and programs' leftovers are no part of a skill",
      );
    else if (entry.isDirectory()) await visit(walk, place);
    else if (entry.isFile()) await take(walk, place, path.join(walk.root, place));
    else if (entry.isSymbolicLink()) await follow(walk, place);
    else complain("error", "is no file");
  }
}

/** A link to a file of the same skill stands for it; any other is refused, wherever it leads. */
async function follow(walk: Walk, place: string): Promise<void> {
  const complain = createComplain(toLabel(walk, place), walk.findings);
  const target = await realpath(path.join(walk.root, place)).catch(() => null);
  if (target === null) return complain("error", "is a link that leads nowhere");
  const inside = path.relative(walk.root, target);
  const parts = inside.split(path.sep);
  if (path.isAbsolute(inside) || parts[0] === "..")
    return complain("error", "is a link that leads out of the skill's folder");
  const isFile = (await stat(target)).isFile();
  if (!isFile || parts.some((part) => part.startsWith(".")))
    return complain("error", "is a link to what is no file of the skill");
  await take(walk, place, target);
}

async function take(walk: Walk, place: string, file: string): Promise<void> {
  const complain = createComplain(toLabel(walk, place), walk.findings);
  if (walk.files.length >= skillLimits.files)
    return stop(walk, place, `the skill has more than ${skillLimits.files} files`);
  const bytes = await readBounded(file, skillLimits.fileBytes, { noLink: true });
  if (bytes === null) return complain("error", `is larger than ${skillLimits.fileBytes} bytes`);
  walk.bytes += bytes.length;
  walk.left.bytes -= bytes.length;
  if (walk.bytes > skillLimits.totalBytes)
    return stop(walk, place, `the skill has more than ${skillLimits.totalBytes} bytes`);
  if (walk.left.bytes < 0)
    return stop(walk, place, `all skills together have more than ${skillLimits.bytesOfAll} bytes`);
  walk.files.push({ path: place, bytes });
}

function stop(walk: Walk, place: string, message: string): void {
  walk.isOver = true;
  createComplain(toLabel(walk, place), walk.findings)("error", message);
}

/** On another machine one of them would stand in the place of the other. */
function refuseDoubled(walk: Walk, files: readonly ReadFile[]): void {
  const seen = new Map<string, string>();
  for (const { path: place } of files) {
    const folded = place.normalize("NFKC").toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined)
      createComplain(toLabel(walk, place), walk.findings)("error", `is too much like ${other}`);
    seen.set(folded, place);
  }
}

function toLabel({ label }: Pick<WalkingSkill, "label">, place: string): string {
  return place === "" ? label : `${label}/${place}`;
}
