import { createComplain, type SkillFinding } from "./skill-finding.ts";
import { findHidden } from "./skill-text.ts";
import { skillFile } from "./skill.ts";

/** A file of a skill as it was read. */
export interface ReadFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Endings of files that a model reads or passes on as text. */
const texts =
  /\.(?:md|mdx|txt|rst|json|jsonl|ya?ml|toml|ini|csv|tsv|html?|css|xml|xsd|svg|py|js|mjs|cjs|ts|tsx|jsx|sh|bash|ps1|rb|go|rs|java|cs|php|sql|r|lua|pl)$/i;

/** The text of a file; null for what is none. */
export function toFileText(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** What a file holds beside what is seen of it, and whether it is what it is called. */
export function judgeFile({ path, bytes }: ReadFile, file: string, into: SkillFinding[]): void {
  const complain = createComplain(file, into);
  const text = toFileText(bytes);
  if (text === null) {
    if (!texts.test(path)) return;
    const isBinary = bytes.includes(0);
    const isMain = path === skillFile;
    const grade = isBinary || isMain ? "error" : "warning";
    complain(
      grade,
      isBinary ? "is called a text and is none" : "is not UTF-8: no model can read it",
    );
    return;
  }
  for (const { code, line, column, isTreacherous } of findHidden(text, 3)) {
    const why = isTreacherous
      ? "which hides what a model reads from whoever looks at it"
      : "which nobody sees; models are shown its name";
    complain(isTreacherous ? "error" : "warning", `holds ${code}, ${why}`, { line, column });
  }
}

/** Links of the instructions to files: one that leads nowhere, or out of the folder, is said. */
export function judgeLinks(
  text: string,
  paths: ReadonlySet<string>,
  complain: ReturnType<typeof createComplain>,
): void {
  const lines = text.split("\n");
  let said = 0;
  for (const [index, line] of lines.entries()) {
    for (const { 1: link = "" } of line.matchAll(/\]\(([^()\s]{1,256})\)/g)) {
      const target = link.split(/[#?]/)[0]!.replace(/^\.\//, "");
      if (target === "" || /^[a-z][a-z0-9+.-]*:|^\/\//i.test(link)) continue;
      const isOut = target.startsWith("/") || target.split("/").includes("..");
      if (!isOut && isThere(target, paths)) continue;
      const where = isOut ? "leads out of the skill's folder" : "leads to no file of the skill";
      complain("warning", `a link ${where}: it cannot be read`, { line: index + 1 });
      said += 1;
      if (said >= mostLinks) return;
    }
  }
}

const mostLinks = 20;

function isThere(target: string, paths: ReadonlySet<string>): boolean {
  if (paths.has(target)) return true;
  const folder = target.endsWith("/") ? target : `${target}/`;
  return [...paths].some((path) => path.startsWith(folder));
}
