/** Whether one of the patterns fits a name: `*` stands for any characters, all others for themselves. */
export function toMatch(globs: readonly string[]): (name: string) => boolean {
  const patterns = globs.map((pattern) => {
    const text = pattern.replaceAll(/[.\\^$+?()[\]{}|/]/g, "\\$&").replaceAll("*", "[^]*");
    return new RegExp(`^${text}$`);
  });
  const known = new Map<string, boolean>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const now = patterns.some((pattern) => pattern.test(name));
    known.set(name, now);
    return now;
  };
}
