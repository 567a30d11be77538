/**
 * RFC 6570 as servers use it, as a test for URIs: each expression becomes a run of characters. All ways
 * to read a URI are followed side by side, so that the time is bounded by both lengths, whatever the
 * template is.
 */
export function toMatcher(template: string): (uri: string) => boolean {
  const steps = template.split(/(\{[^{}]*\})/).flatMap(toSteps);
  if (steps.length > maxSteps) return () => false;
  return (uri) => uri.length <= maxUri && matches(steps, uri);
}

const maxUri = 8_192;
const maxSteps = 1_024;

/** One character that has to stand there, or a run of any that are not left out. */
type Step =
  | { readonly kind: "one"; readonly character: string }
  | { readonly kind: "run"; readonly without: string }
  /** A mark with a run behind it, or neither. */
  | { readonly kind: "maybe"; readonly marks: string; readonly length: number };

function toSteps(part: string): readonly Step[] {
  if (!/^\{.*\}$/.test(part))
    return Array.from(part, (character) => ({ kind: "one", character }) as const);
  switch (part.charAt(1)) {
    case "+":
    case "#":
      return [{ kind: "run", without: "" }];
    case "/":
      return toMaybe("/", "?#");
    case ".":
      return toMaybe(".", "/?#");
    case "?":
    case "&":
      return toMaybe("?&", "#");
    case ";":
      return toMaybe(";", "/?#");
    default:
      return [{ kind: "run", without: "/?#" }];
  }
}

function toMaybe(marks: string, without: string): readonly Step[] {
  return [
    { kind: "maybe", marks, length: 2 },
    { kind: "run", without },
  ];
}

function matches(steps: readonly Step[], uri: string): boolean {
  let now = new Set<number>();
  reach(steps, 0, now);
  for (const character of uri) {
    const next = new Set<number>();
    for (const at of now) {
      const step = steps[at];
      if (step?.kind === "one" && step.character === character) reach(steps, at + 1, next);
      else if (step?.kind === "run" && !step.without.includes(character)) reach(steps, at, next);
      else if (step?.kind === "maybe" && step.marks.includes(character)) reach(steps, at + 1, next);
    }
    if (next.size === 0) return false;
    now = next;
  }
  return now.has(steps.length);
}

/** The step itself, and those that come without a character more. */
function reach(steps: readonly Step[], from: number, into: Set<number>): void {
  for (let at = from; !into.has(at);) {
    into.add(at);
    const step = steps[at];
    if (step?.kind === "run") at += 1;
    else if (step?.kind === "maybe") at += step.length;
    else return;
  }
}
