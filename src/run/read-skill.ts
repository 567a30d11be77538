import { didYouMean } from "../lib/closest.ts";
import { parseStrictJson } from "../lib/strict-json.ts";
import { Fault } from "../model/index.ts";
import { toFileText } from "../model/skill-files.ts";
import { toSkillBody } from "../model/skill-parts.ts";
import { showHidden } from "../model/skill-text.ts";
import { skillFile, type BundledSkill, type SkillFile } from "../model/skill.ts";
import { endCall } from "./end-call.ts";
import { readSkillReading, type SkillReading } from "./skill-tool.ts";
import type { CallView } from "./view.ts";
import type { Work } from "./worker.ts";

/** So many files are named beside the instructions. */
const mostNamed = 200;

/** A call that reads a skill: of the bundle that the run began with, and of nothing else. */
export async function readSkill(work: Work, call: CallView, args: string): Promise<void> {
  const refuse = (text: string): Promise<void> =>
    endCall(work, call, { outcome: "tool_error", text, isFree: true });
  const parsed = parseStrictJson(args);
  const reading = parsed.kind === "refused" ? parsed.reason : readSkillReading(parsed.value);
  if (typeof reading === "string") return refuse(reading);
  const found = find(work.built.bundle.skills, reading);
  if (typeof found === "string") return refuse(found);
  const { skill, file } = found;
  const text = toFileText(await readFile(work, file));
  if (text === null) return refuse(`${toNamed(file)} is no text: it cannot be read.`);
  const shown = showHidden(reading.path === null ? toSkillBody(text) : text);
  if (reading.offset > shown.length)
    return refuse(`offset is beyond the end: there are ${shown.length} characters.`);
  const read = {
    v: 1,
    type: "skill.read",
    atMs: work.options.clock.nowMs(),
    step: call.step,
    ordinal: call.ordinal,
    skill: skill.name,
    path: file.path,
    digest: file.digest,
  } as const;
  await endCall(work, call, {
    outcome: "answered",
    text: toAnswer(found, shown, reading),
    isFree: true,
    before: [read],
  });
}

/** A file that is gone or is another one now is for a person to look at: the run is parked. */
async function readFile({ options, tenant }: Work, { digest }: SkillFile): Promise<Uint8Array> {
  const bytes = await options
    .bundles()
    .readFile(tenant, digest)
    .catch((cause: unknown) => {
      if (!(cause instanceof Fault) || cause.code !== "record_unreadable") throw cause;
      throw new Error(`the file ${digest} of a skill cannot be read`, { cause });
    });
  if (bytes === null) throw new Error(`the file ${digest} of a skill is gone`);
  return bytes;
}

interface Found {
  readonly skill: BundledSkill;
  readonly file: SkillFile;
}

/** A text says what there is not. */
function find(
  skills: readonly BundledSkill[],
  { skill: name, path }: SkillReading,
): Found | string {
  const skill = skills.find((each) => each.name === name);
  if (skill === undefined)
    return `There is no such skill.${didYouMean(
      name,
      skills.map((each) => each.name),
    )}`;
  const isMain = (each: SkillFile): boolean => each.path.toLowerCase() === skillFile.toLowerCase();
  const file = skill.files.find((each) => (path === null ? isMain(each) : each.path === path));
  if (file !== undefined) return { skill, file };
  const paths = skill.files.map((each) => each.path);
  return `The skill ${skill.name} has no such file.${didYouMean(path ?? skillFile, paths)}`;
}

function toAnswer(
  { skill, file }: Found,
  shown: string,
  { path, offset, limit }: SkillReading,
): string {
  const text = shown.slice(offset, offset + limit).toWellFormed();
  const end = offset + text.length;
  const isWhole = offset === 0 && end === shown.length;
  const rest = end < shown.length ? `; go on with offset ${end}` : "";
  const part = isWhole ? "" : `\nCharacters ${offset} to ${end} of ${shown.length}${rest}.`;
  return `${toNamed(file)} of the skill ${skill.name}.${part}${path === null ? toOthers(skill, file) : ""}\n\n${text}`;
}

function toOthers({ files }: BundledSkill, main: SkillFile): string {
  const others = files.filter((file) => file !== main);
  if (others.length === 0) return "";
  const more = others.length > mostNamed ? `, and ${others.length - mostNamed} more` : "";
  return `\nIts other files: ${others.slice(0, mostNamed).map(toNamed).join(", ")}${more}.`;
}

function toNamed({ path, size }: SkillFile): string {
  return `${path} (${size} bytes)`;
}
