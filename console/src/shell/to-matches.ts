export interface Command {
  readonly title: string;
  readonly hint: string;
  readonly run: () => void;
  /** Shown only for what has this shape, which it then takes. */
  readonly takes?: RegExp;
  readonly go?: (asked: string) => void;
}

/** Commands whose title has every word that was typed; those that begin with it come first. */
export function toMatches(commands: readonly Command[], typed: string): readonly Command[] {
  const asked = typed.trim();
  const taking = commands.filter(({ takes }) => takes?.test(asked.toLowerCase()) === true);
  if (taking.length > 0)
    return taking.map((command) => ({ ...command, run: () => command.go?.(asked.toLowerCase()) }));
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
  const found = commands.filter(
    ({ title, takes }) =>
      takes === undefined && words.every((word) => title.toLowerCase().includes(word)),
  );
  const begins = (title: string): number =>
    title.toLowerCase().startsWith(asked.toLowerCase()) ? 0 : 1;
  return found.toSorted((a, b) => begins(a.title) - begins(b.title));
}
