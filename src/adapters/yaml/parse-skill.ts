import { judgeFront } from "../../model/skill-front.ts";
import type { Complain } from "../../model/skill-finding.ts";
import { splitSkill } from "../../model/skill-parts.ts";
import type { SkillHead } from "../../model/skill.ts";
import { readYaml, type YamlReading } from "./read-yaml.ts";

export interface ParsingSkill {
  /** The name of the skill's folder. */
  readonly folder: string | null;
  readonly complain: Complain;
}

export type ParsedSkill = Omit<SkillHead, "digest"> & { readonly body: string };

/** The text of a `SKILL.md`; null with what was complained of where it cannot be loaded. */
export function parseSkill(text: string, { folder, complain }: ParsingSkill): ParsedSkill | null {
  const parts = splitSkill(text);
  if (parts.kind === "unreadable") {
    complain("error", parts.message, { line: parts.line });
    return null;
  }
  const { front, body, bodyLine } = parts;
  const reading = readFront(front, complain);
  if (reading.kind === "unreadable" || reading.problems.length > 0) {
    for (const { line, column, key, message } of reading.problems)
      complain("error", message, { line: line + 1, column, key });
    return null;
  }
  const { value, placeOf } = reading;
  const inFile: typeof placeOf = (path, at) => {
    const { line, column } = placeOf(path, at);
    return { line: line + 1, column };
  };
  const judged = judgeFront({ reading: { value, placeOf: inFile }, folder, complain });
  if (looksCutOff(body)) {
    const message =
      "what follows the frontmatter looks like more of it: --- closes it, and nothing below counts";
    complain("error", message, { line: bodyLine });
    return null;
  }
  if (body === "")
    complain("warning", "has no instructions below its frontmatter", { line: bodyLine });
  return judged === null ? null : { ...judged, body };
}

/** Other readers may take a later line of dashes for the end, and so read another skill. */
function looksCutOff(body: string): boolean {
  const [first = ""] = body.split("\n");
  return /^(?:name|description|license|compatibility|metadata|allowed-tools):(?: |$)/.test(first);
}

/** Some write what other readers take and YAML does not: a colon in a text without quotes. */
function readFront(front: string, complain: Complain): YamlReading {
  const reading = readYaml(front);
  if (reading.kind === "read") return reading;
  const repaired = new Map<number, string>();
  const lines = front.split("\n").map((line, index) => {
    // Nothing is tried twice: a line may be as long as the file, and anybody may have written it.
    const [, key, text] = /^([a-z][a-z-]*):[ \t]+([^\s"'|>[\]{}&*!%@`#][^]*)$/.exec(line) ?? [];
    if (key === undefined || text === undefined || !text.includes(": ", 1)) return line;
    repaired.set(index, key);
    return `${key}: ${JSON.stringify(text.trimEnd())}`;
  });
  if (repaired.size === 0) return reading;
  const again = readYaml(lines.join("\n"));
  if (again.kind !== "read") return reading;
  for (const [index, key] of repaired)
    complain("warning", "holds a colon, and needs quotes around it", { line: index + 2, key });
  return again;
}
