import { toAsciiLike } from "../lib/confusables.ts";
import { toInertSegments } from "../lib/inert-text.ts";
import { skillLimits } from "./skill.ts";

export interface JudgingName {
  readonly given: unknown;
  readonly folder: string | null;
  readonly complain: (
    grade: "error" | "warning",
    message: string,
    suggestion?: string | null,
  ) => void;
}

const format = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** What a model can write back and a person can read: letters, digits, and few signs between them. */
const livable = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N} ._:-]*[\p{L}\p{M}\p{N}])?$/u;

/** The name of a skill; null: it has none that it could go by. */
export function judgeSkillName({ given, folder, complain }: JudgingName): string | null {
  const isThere = given !== undefined && given !== null;
  const name = (isThere ? toText(given) : (folder ?? "")).normalize("NFKC").trim();
  const suggestion = toSuggestion(name);
  if (!isThere && name !== "")
    complain("warning", "is missing; the folder's name is taken", suggestion);
  if (name === "" || name.length > skillLimits.longestName || !livable.test(name)) {
    const most = skillLimits.name;
    complain("error", `takes up to ${most} small letters, digits and hyphens`, suggestion);
    return null;
  }
  if (toInertSegments(name).some(({ mark }) => mark !== null)) {
    complain("error", "holds letters that look like others", suggestion);
    return null;
  }
  if (!format.test(name) || name.length > skillLimits.name) {
    const rule = `up to ${skillLimits.name} small letters a-z, digits and single hyphens between them`;
    complain("warning", `is not as the format has it: ${rule}`, suggestion);
  } else if (isThere && folder !== null && folder.normalize("NFKC") !== name) {
    complain("warning", "is not the name of the skill's folder, which the format asks for", null);
  }
  return name;
}

function toText(given: unknown): string {
  if (typeof given === "string") return given;
  return typeof given === "number" || typeof given === "boolean" ? String(given) : "";
}

/** Of a name in another script nothing is left that would say what was meant. */
function toSuggestion(name: string): string | null {
  const printed = toPrinted(name);
  if (!/^[\x20-\x7e]*$/.test(printed)) return null;
  const said = printed
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, skillLimits.name)
    .replace(/^-+|-+$/g, "");
  return said === "" || said === name ? null : said;
}

/** What a name looks like and is taken for: two skills of an agent must not share it. */
export function toNameLikeness(name: string): string {
  return toPrinted(name)
    .toLowerCase()
    .replace(/[\s._:-]+/g, "")
    .replace(/[1il|]/g, "l")
    .replaceAll("0", "o");
}

function toPrinted(name: string): string {
  return Array.from(name.normalize("NFKC"), (letter) => toAsciiLike(letter) ?? letter).join("");
}
