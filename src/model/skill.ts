import { z } from "zod";
import { toCanonicalBytes } from "./canonical.ts";
import { digestSchema, toDigest, type Digest } from "./digest.ts";
import { fromRecordBytes } from "./record.ts";

/**
 * Bounds of a skill. Folders that people publish have some sixty files and a few megabytes; what is far
 * above is no skill.
 */
export const skillLimits = {
  /** The format's own. */
  name: 64,
  description: 1_024,
  compatibility: 500,
  /** What a longer one may have and still be loaded. */
  longestName: 128,
  longestDescription: 4_096,
  mainBytes: 262_144,
  fileBytes: 4_194_304,
  totalBytes: 16_777_216,
  files: 1_000,
  folders: 250,
  /** Of its folders together, what is left out included; and folders that are looked at for skills. */
  entries: 4_000,
  depth: 8,
  pathLength: 256,
  wishes: 256,
  /** Of one agent. */
  skills: 64,
  filesOfAgent: 4_000,
  /** Of one document, or of one folder of skills. */
  bytesOfAll: 67_108_864,
} as const;

/** What a skill's own instructions stand in. */
export const skillFile = "SKILL.md";

/** Below the skill's folder: no way out of it, and nothing that a terminal or a reader would obey. */
const pathPattern =
  /^(?!\/)(?!(?:[^]*\/)?\.{1,2}(?:\/|$))[^\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]+$/u;
export const skillPathSchema = z
  .string()
  .min(1)
  .max(skillLimits.pathLength)
  .regex(pathPattern, "leads out of the skill's folder, or holds a character that cannot be seen");

const fileSchema = z
  .strictObject({
    path: skillPathSchema,
    digest: digestSchema,
    size: z.int().nonnegative().max(skillLimits.fileBytes),
  })
  .readonly();
export type SkillFile = z.infer<typeof fileSchema>;

/** Of a skill every file, in the order of their paths. */
const treeSchema = z.array(fileSchema).min(1).max(skillLimits.files).readonly();
export type SkillTree = z.infer<typeof treeSchema>;

const head = {
  name: z.string().min(1).max(skillLimits.longestName),
  description: z.string().min(1).max(skillLimits.longestDescription),
  /** Of the whole tree: any byte of any file, and each path, changes it. */
  digest: digestSchema,
  /** What `allowed-tools` names. It grants nothing. */
  wishes: z.array(z.string().min(1).max(256)).max(skillLimits.wishes).readonly(),
};

/** A skill as a revision has it: its files are kept beside it, under the digest. */
export const skillHeadSchema = z.strictObject(head).readonly();
export type SkillHead = z.infer<typeof skillHeadSchema>;

/** A skill as a bundle has it. */
export const bundledSkillSchema = z.strictObject({ ...head, files: treeSchema }).readonly();
export type BundledSkill = z.infer<typeof bundledSkillSchema>;

export function toTreeBytes(tree: SkillTree): Uint8Array {
  return toCanonicalBytes(tree);
}

export function toTreeDigest(tree: SkillTree): Digest {
  return toDigest(toTreeBytes(tree));
}

export function fromTreeBytes(bytes: Uint8Array): SkillTree {
  return fromRecordBytes(treeSchema, bytes, "the files of a skill");
}
