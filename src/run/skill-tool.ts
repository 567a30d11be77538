import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import type { Bundle } from "../model/bundle.ts";
import { readSkillTool } from "../model/skill-listing.ts";
import { skillLimits } from "../model/skill.ts";
import type { ModelTool } from "../ports/model-backend.ts";

/** What a model reads at once, and what it is shown if it does not say. */
export const mostCharacters = 60_000;
const usualCharacters = 20_000;

const place = { type: "integer", minimum: 0 };

/** Reading a skill is the run's own affair: it has no effect, passes no gate and gives no leave. */
export const skillTool: ModelTool = {
  name: readSkillTool,
  description: `Reads the instructions of a skill, or with a path one of its files. At most ${mostCharacters} characters at once, from offset on.`,
  schema: {
    type: "object",
    properties: {
      skill: { type: "string", maxLength: skillLimits.longestName },
      path: { type: "string", maxLength: skillLimits.pathLength },
      offset: place,
      limit: { ...place, minimum: 1, maximum: mostCharacters },
    },
    required: ["skill"],
    additionalProperties: false,
  },
};

/** Who has no skills is offered no tool to read them. */
export function hasSkillTool({ skills }: Pick<Bundle, "skills">, tool: string): boolean {
  return tool === readSkillTool && skills.length > 0;
}

export interface SkillReading {
  readonly skill: string;
  /** Null: the instructions. */
  readonly path: string | null;
  readonly offset: number;
  readonly limit: number;
}

const known = new Set(["skill", "path", "offset", "limit"]);

/** A text says what is wrong with the arguments. */
export function readSkillReading(args: Json): SkillReading | string {
  if (!isObject(args)) return "The arguments are not an object.";
  const strange = Object.keys(args).find((key) => !known.has(key));
  if (strange !== undefined) return `There is no argument ${JSON.stringify(strange.slice(0, 64))}.`;
  const { skill, path = null, offset = 0, limit = usualCharacters } = args;
  if (typeof skill !== "string" || skill === "") return "skill takes the name of a skill.";
  if (path !== null && typeof path !== "string") return "path takes the path of a file.";
  if (!isCount(offset)) return "offset takes a whole number of characters.";
  if (!isCount(limit) || limit === 0 || limit > mostCharacters)
    return `limit takes a whole number of characters from 1 to ${mostCharacters}.`;
  return { skill, path, offset, limit };
}

function isCount(value: Json): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
