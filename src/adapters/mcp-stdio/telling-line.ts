const tells = /error|exception|cannot|could not|denied|no such|not found|refused/i;

/** Of what a program said before it ended: the last line is often where it stood, or its own version. */
export function findTellingLine(lines: readonly string[]): string | undefined {
  return lines.findLast((line) => tells.test(line)) ?? lines.at(-1);
}
