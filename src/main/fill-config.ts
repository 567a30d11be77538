import { createSkillsReading, type SkillsReadingOptions } from "./fill-skills.ts";
import type { FillConfig } from "./read-document.ts";
import { createInstructionsReading } from "./read-instructions.ts";
import { createSourceFilesReading } from "./read-source-files.ts";

/** Everything that other files say in a document's place. */
export function createFilesReading(options: SkillsReadingOptions): FillConfig {
  const readInstructions = createInstructionsReading(options.directory);
  const readSources = createSourceFilesReading(options.directory);
  const readSkills = createSkillsReading(options);
  return async (config) => {
    const instructed = await readInstructions(config);
    const sourced = await readSources(instructed.config);
    const skilled = await readSkills(sourced.config);
    const problems = [...instructed.problems, ...sourced.problems, ...skilled.problems];
    return { ...skilled, problems };
  };
}
