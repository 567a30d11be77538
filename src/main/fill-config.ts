import { createSkillsReading, type SkillsReadingOptions } from "./fill-skills.ts";
import type { FillConfig } from "./read-document.ts";
import { createInstructionsReading } from "./read-instructions.ts";

/** Everything that other files say in a document's place. */
export function createFilesReading(options: SkillsReadingOptions): FillConfig {
  const readInstructions = createInstructionsReading(options.directory);
  const readSkills = createSkillsReading(options);
  return async (config) => {
    const instructed = await readInstructions(config);
    const skilled = await readSkills(instructed.config);
    return { ...skilled, problems: [...instructed.problems, ...skilled.problems] };
  };
}
