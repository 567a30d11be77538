/** Text around a change; what is longer is left out on both sides. */
const around = 60;

/** Two long texts that are alike but for a part: the part, with a little of what is around it. */
export function shorten(was: string, now: string): readonly [string, string] {
  if (Math.max(was.length, now.length) <= 4 * around) return [was, now];
  const shorter = Math.min(was.length, now.length);
  let start = 0;
  while (start < shorter && was[start] === now[start]) start += 1;
  let end = 0;
  while (end < shorter - start && was.at(-1 - end) === now.at(-1 - end)) end += 1;
  const [before, after] = [Math.max(0, start - around), Math.max(0, end - around)];
  const pick = (text: string) => {
    const from = toStart(text, before);
    const to = toStart(text, text.length - after);
    const [left, right] = [from === 0 ? "" : "… ", to === text.length ? "" : " …"];
    return `${left}${cutShort(text.slice(from, to))}${right}`;
  };
  return [pick(was), pick(now)];
}

/** A change that is long itself is read above, in the arguments. */
const longest = 1_000;

function cutShort(text: string): string {
  if (text.length <= longest) return text;
  const to = toStart(text, longest);
  return `${text.slice(0, to)} … and ${(text.length - to).toLocaleString("en")} more characters`;
}

/** Not between the two halves of one letter. */
export function toStart(text: string, at: number): number {
  return at > 0 && /^[\udc00-\udfff]/.test(text.slice(at, at + 1)) ? at - 1 : at;
}
