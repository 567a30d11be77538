import { toShownKey } from "./shown-key.ts";

/** One thing wrong in a document, named by its place. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  /** `servers.flights.url`; empty for the document itself. */
  readonly key: string;
  /** Goes on after the key: "is not a known key". Never repeats a value, which may be a secret. */
  readonly message: string;
  /** What to write instead. */
  readonly suggestion: string | null;
}

export type KeyPath = readonly (string | number)[];

/**
 * `limits.bodySize`, `allowedHosts[0]`; of a key that does not look like a name its length is said,
 * unless the last one is a slip of what was meant.
 */
export function renderKeyPath(path: KeyPath, meant: string | null = null): string {
  const key = path.reduce<string>((text, part, index) => {
    if (typeof part === "number") return `${text}[${part}]`;
    const word = toShownKey(part, index === path.length - 1 ? meant : null);
    return text === "" ? word : `${text}.${word}`;
  }, "");
  return key.length <= 256 ? key : `${key.slice(0, 255)}…`;
}

/** `countersign.yaml:12:3: limits.bodySzie is not a known key. Try: bodySize` */
export function renderProblem(problem: Problem, file: string): string {
  const { line, column, key, message, suggestion } = problem;
  const said = key === "" ? message : `${key} ${message}`;
  return `${file}:${line}:${column}: ${said}${suggestion === null ? "" : `. Try: ${suggestion}`}`;
}

/** More than this helps nobody, and a broken file of a megabyte would say a megabyte. */
const maxProblems = 50;

/** In the order of the document, each place once, bounded. */
export function listProblems(problems: readonly Problem[]): readonly Problem[] {
  const places = new Set<string>();
  const distinct = problems.filter(({ line, column, key }) => {
    const place = `${line}:${column}:${key}`;
    return !places.has(place) && places.add(place);
  });
  distinct.sort((a, b) => a.line - b.line || a.column - b.column);
  if (distinct.length <= maxProblems) return distinct;
  const shown = distinct.slice(0, maxProblems - 1);
  const { line, column } = distinct[maxProblems - 1]!;
  const rest = `${distinct.length - shown.length} more problems follow`;
  return [...shown, { line, column, key: "", message: rest, suggestion: null }];
}
