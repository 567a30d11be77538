import { z } from "zod";
import { skillHeadSchema, skillLimits } from "./skill.ts";

const notFolder =
  "takes a folder below the directory of countersign.yaml, such as skills/packing or .agents/skills";
// As with instructions: what is read is shown to whoever may plan, so it is no hidden folder but the two
// that clients of skills share.
const part = "[A-Za-z0-9_][A-Za-z0-9_ .-]*";
const folder = new RegExp(`^(?:\\.(?:agents|claude)/skills(?:/${part})*|${part}(?:/${part})*)/?$`);

const folderField = z
  .string(notFolder)
  .max(1_024, notFolder)
  .regex(folder, notFolder)
  .refine((given) => !given.endsWith("\n"), notFolder)
  .meta({ title: "folder" });

export const skillsField = z
  .array(folderField, "takes a list of folders")
  .max(skillLimits.skills, `takes at most ${skillLimits.skills} folders`)
  .optional()
  .describe(
    "Folders of its skills, relative to countersign.yaml: each is a skill, or holds skills. They are read when the document is, and what is in them is kept with the revision.",
  );

/** In a revision in the place of `skills`: what was read. */
export const loadedSkillsField = z
  .array(skillHeadSchema)
  .max(skillLimits.skills)
  .readonly()
  .optional()
  .describe("What was read of `skills`. The server writes it into the revision; nobody else does.");
