/** Whether one of the patterns fits a name: `*` stands for any characters, all others for themselves. */
export function toMatch(globs: readonly string[]): (name: string) => boolean {
  const patterns = globs.map((glob) => glob.split("*"));
  return (name) => patterns.some((pieces) => fits(pieces, name));
}

/** Each piece where it stands first: no pattern takes longer than one way through the name for each. */
function fits(pieces: readonly string[], name: string): boolean {
  const [first = "", ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
