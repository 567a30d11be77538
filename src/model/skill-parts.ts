import { skillFile } from "./skill.ts";

export type SkillParts =
  | {
      readonly kind: "parts";
      /** Between the two lines of dashes; the first of them is line 1 of the file. */
      readonly front: string;
      readonly body: string;
      /** Of the file; where the body begins. */
      readonly bodyLine: number;
    }
  | { readonly kind: "unreadable"; readonly line: number; readonly message: string };

const dashes = /^---[ \t]*$/;

/** `SKILL.md` as it is laid out: YAML between two lines of dashes, then Markdown. */
export function splitSkill(text: string): SkillParts {
  const lines = (text.startsWith("\ufeff") ? text.slice(1) : text).split(/\r?\n/);
  if (!dashes.test(lines[0] ?? ""))
    return refuse(1, `${skillFile} begins with a line of three dashes, ---, and YAML below it`);
  const end = lines.findIndex((line, index) => index > 0 && dashes.test(line));
  if (end === -1) return refuse(1, "the frontmatter that begins here is never closed with ---");
  const front = lines.slice(1, end).join("\n");
  if (front.trim() === "") return refuse(1, "the frontmatter is empty");
  const body = lines.slice(end + 1).join("\n");
  return { kind: "parts", front, body: body.trim(), bodyLine: end + 2 };
}

/** The same for a text that was checked before it was kept; one that has no parts is all body. */
export function toSkillBody(text: string): string {
  const parts = splitSkill(text);
  return parts.kind === "parts" ? parts.body : text;
}

function refuse(line: number, message: string): SkillParts {
  return { kind: "unreadable", line, message };
}
