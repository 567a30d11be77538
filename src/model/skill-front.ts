import { closest } from "../lib/closest.ts";
import type { KeyPath } from "./problem.ts";
import { toShownKey } from "./shown-key.ts";
import type { Complain } from "./skill-finding.ts";
import { judgeSkillName } from "./skill-name.ts";
import { findHidden } from "./skill-text.ts";
import { toWishes } from "./skill-wishes.ts";
import { skillLimits, type SkillHead } from "./skill.ts";

/** Frontmatter as plain values, with the places in `SKILL.md` that they stand at. */
export interface FrontReading {
  readonly value: unknown;
  readonly placeOf: (path: KeyPath, at: "key" | "value") => { line: number; column: number };
}

export interface JudgingFront {
  readonly reading: FrontReading;
  /** The name of the skill's folder; null where it has none that can be compared. */
  readonly folder: string | null;
  readonly complain: Complain;
}

const keys = ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];

/**
 * What the frontmatter says, as the format has it. What can be lived with is a warning; null where there
 * is nothing that a model could be told, or it would be told what nobody sees.
 */
export function judgeFront({
  reading,
  folder,
  complain,
}: JudgingFront): Omit<SkillHead, "digest"> | null {
  const { value, placeOf } = reading;
  const at = (key: string, where: "key" | "value" = "value") => ({ ...placeOf([key], where), key });
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    complain("error", "the frontmatter takes keys and values");
    return null;
  }
  const front = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(front)) {
    if (keys.includes(key)) continue;
    const suggestion = closest(key, keys) ?? "metadata";
    const shown = toShownKey(key, suggestion);
    complain("warning", "is no key of the format, and means nothing here", {
      ...placeOf([key], "key"),
      key: shown,
      suggestion,
    });
  }
  for (const key of keys)
    complainOfHidden(front[key], (message) => complain("error", message, at(key)));
  const name = judgeSkillName({
    given: front["name"],
    folder,
    complain: (grade, message, suggestion = null) =>
      complain(grade, message, { ...at("name"), suggestion }),
  });
  const description = judgeDescription(front["description"], (grade, message) =>
    complain(grade, message, at("description")),
  );
  judgeRest(front, (key, message) => complain("warning", message, at(key)));
  const wishes = toWishes(front["allowed-tools"], (message) =>
    complain("warning", message, at("allowed-tools")),
  );
  return name === null || description === null ? null : { name, description, wishes };
}

/** In what a model reads at every turn nothing is hidden at all. */
function complainOfHidden(value: unknown, complain: (message: string) => void): void {
  const [sign] = findHidden(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
  if (sign !== undefined) complain(`holds ${sign.code}, which nobody sees`);
}

type Say = (grade: "error" | "warning", message: string) => void;

function judgeDescription(given: unknown, say: Say): string | null {
  const text = typeof given === "string" ? given.trim() : "";
  if (text === "") {
    say("error", "takes a text that says what the skill does and when to use it");
    return null;
  }
  if (text.length > skillLimits.longestDescription) {
    say("error", `has ${text.length} characters, more than ${skillLimits.longestDescription}`);
    return null;
  }
  if (text.length > skillLimits.description)
    say(
      "warning",
      `has ${text.length} characters; the format takes ${skillLimits.description}, and models are shown no more`,
    );
  return text;
}

function judgeRest(
  front: Readonly<Record<string, unknown>>,
  warn: (key: string, message: string) => void,
): void {
  const { license, compatibility, metadata } = front;
  if (license !== undefined && typeof license !== "string") warn("license", "takes a text");
  if (compatibility !== undefined) {
    const isText = typeof compatibility === "string" && compatibility.trim() !== "";
    if (!isText) warn("compatibility", "takes a text");
    else if (compatibility.length > skillLimits.compatibility)
      warn("compatibility", `has more than ${skillLimits.compatibility} characters`);
  }
  if (metadata === undefined) return;
  const isMap = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  if (!isMap) warn("metadata", "takes keys with texts");
  else if (Object.values(metadata).some((each) => typeof each !== "string"))
    warn("metadata", "takes texts alone as its values; put quotes around numbers");
}
