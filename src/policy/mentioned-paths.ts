/** The members of `context` that lead to what a rule reads; the empty path is all of it. */
export type ContextPath = readonly string[];

/**
 * Every path of `context` that a condition reads, out of Cedar's JSON form of it. Two requests that
 * agree at these paths are the same to the rule: a memo needs no more of them, and no less.
 */
export function toMentionedPaths(condition: unknown): readonly ContextPath[] {
  const found = new Map<string, ContextPath>();
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const path = toPath(node);
    if (path !== null) {
      found.set(JSON.stringify(path), path);
      return;
    }
    // Literals too: taking one for a path costs a memo its reach and nothing else.
    for (const inner of Object.values(node)) visit(inner);
  };
  visit(condition);
  return withoutInner([...found.values()]);
}

/** The chain of members behind `context`, or null where the node is something else. */
function toPath(node: object): ContextPath | null {
  if ("Var" in node) return node.Var === "context" ? [] : null;
  const step = "." in node ? node["."] : "has" in node ? node.has : null;
  if (!isStep(step)) return null;
  const path = toPath(step.left);
  return path === null ? null : [...path, ...(Array.isArray(step.attr) ? step.attr : [step.attr])];
}

function isStep(step: unknown): step is { left: object; attr: string | string[] } {
  return (
    typeof step === "object" &&
    step !== null &&
    "attr" in step &&
    "left" in step &&
    typeof step.left === "object" &&
    step.left !== null
  );
}

/** Whoever reads a record reads what is in it. */
export function withoutInner(paths: readonly ContextPath[]): readonly ContextPath[] {
  return paths.filter(
    (path) => !paths.some((outer) => outer.length < path.length && startsWith(path, outer)),
  );
}

export function startsWith(path: ContextPath, outer: ContextPath): boolean {
  return outer.every((member, index) => path[index] === member);
}
