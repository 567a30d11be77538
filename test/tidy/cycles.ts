import { listImports } from "./imports.ts";
import type { Finding, Source } from "./source.ts";

/** Files that import one another in a circle, types included; each circle is named once. */
export function findCycles(sources: readonly Source[]): readonly Finding[] {
  const targets = new Map(
    sources.map((source) => [
      source.path,
      listImports(source).flatMap(({ target }) => (target === null ? [] : [target])),
    ]),
  );
  const done = new Set<string>();
  const trail: string[] = [];
  const findings: Finding[] = [];
  const visit = (file: string): void => {
    if (done.has(file)) return;
    const since = trail.indexOf(file);
    if (since >= 0) {
      const circle = [...trail.slice(since), file];
      findings.push({ place: file, message: `import cycle: ${circle.join(" → ")}` });
      return;
    }
    trail.push(file);
    for (const target of targets.get(file) ?? []) visit(target);
    trail.pop();
    done.add(file);
  };
  for (const file of targets.keys()) visit(file);
  return findings;
}
