import { toPlainInert } from "../lib/inert-text.ts";
import { renderProblem, type Problem } from "./problem.ts";

/** One thing wrong with a skill. With an error it is not loaded; with a warning it is. */
export interface SkillFinding extends Problem {
  readonly grade: "error" | "warning";
  /** Below the folder that was named; the folder itself where it is no file's fault. */
  readonly file: string;
}

/** As a line: files may be called what a terminal would obey. */
export function renderFinding(finding: SkillFinding): string {
  const said = renderProblem(finding, "");
  const rest = finding.grade === "error" ? said : said.replace(/^:\d+:\d+: /, "$&warning: ");
  return toPlainInert(`${finding.file}${rest}`);
}

export function hasErrors(findings: readonly SkillFinding[]): boolean {
  return findings.some(({ grade }) => grade === "error");
}

interface Finding {
  readonly line?: number;
  readonly column?: number;
  readonly key?: string;
  readonly suggestion?: string | null;
}

export type Complain = (grade: SkillFinding["grade"], message: string, more?: Finding) => void;

/** More says nothing more: a folder may hold any number of files. Errors have room behind warnings. */
const mostFindings = 1_000;

/** Writes into a list what is found in one file. */
export function createComplain(file: string, into: SkillFinding[]): Complain {
  return (grade, message, { line = 1, column = 1, key = "", suggestion = null } = {}) => {
    const most = grade === "error" ? 2 * mostFindings : mostFindings;
    if (into.length < most) into.push({ grade, file, line, column, key, message, suggestion });
  };
}
