import path from "node:path";
import type { LintedSkills } from "../cli/context.ts";
import { Fault } from "../model/index.ts";
import { readSkills } from "./read-skills.ts";

/** Skills of a folder on this machine, as a configuration would have them; nothing is kept. */
export async function lintSkills(cwd: string, given: string): Promise<LintedSkills> {
  const label = given.replace(/(?<=.)\/+$/, "");
  try {
    const { skills, findings } = await readSkills({ folder: path.resolve(cwd, given), label });
    return { skills: skills.map(({ head, tree }) => ({ ...head, files: tree })), findings };
  } catch (cause) {
    const { code = "unknown" } = cause as NodeJS.ErrnoException;
    const isGone = code === "ENOENT" || code === "ENOTDIR";
    const why = isGone ? "is no folder" : `cannot be read (${code})`;
    throw new Fault("usage_invalid", `${given} ${why}.`, { cause, details: { folder: given } });
  }
}
