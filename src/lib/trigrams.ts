/** The groups of three letters of a word, two blanks before it and one behind. */
export function toTrigrams(word: string): ReadonlySet<string> {
  const padded = `  ${word} `;
  const groups = new Set<string>();
  for (let at = 0; at + 3 <= padded.length; at += 1) groups.add(padded.slice(at, at + 3));
  return groups;
}

/** Share of the groups of the first word that the second has, too. */
export function toLikeness(word: string, other: string): number {
  const [asked, there] = [toTrigrams(word), toTrigrams(other)];
  return [...asked].filter((group) => there.has(group)).length / asked.size;
}
