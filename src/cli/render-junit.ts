import type { TestedFile } from "./render-policy.ts";

/** The form that build servers read. A case that asks what cannot be asked is an error of its own. */
export function renderJunit(files: readonly TestedFile[]): string {
  const suites = files.map(({ file, cases, failed, wrong }) => {
    const counts = `tests="${cases.length}" failures="${failed}" errors="${wrong}"`;
    const inner = cases.map((each) => renderCase(file, each)).join("");
    return `  <testsuite name="${escape(file)}" ${counts}>\n${inner}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join("")}</testsuites>\n`;
}

function renderCase(file: string, { name, line, outcome, problems }: TestedFile["cases"][number]) {
  const head = `    <testcase name="${escape(name)}" classname="${escape(file)}" file="${escape(file)}" line="${line}"`;
  if (outcome === "passed") return `${head}/>\n`;
  const tag = outcome === "failed" ? "failure" : "error";
  const said = escape(problems.join("; "));
  return `${head}>\n      <${tag} message="${said}"/>\n    </testcase>\n`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escape(text: string): string {
  return (
    text
      .replaceAll(/[&<>"]/g, (character) => entities[character]!)
      // What XML has no place for.
      .replaceAll(/[\p{Cc}\ufffe\uffff]/gu, " ")
  );
}
