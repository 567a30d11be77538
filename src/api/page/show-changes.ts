import { diffJson, type Difference } from "../../lib/diff-json.ts";
import { toJsonLines } from "../../lib/json-lines.ts";
import type { Json } from "../../lib/strict-json.ts";
import type { PageElement } from "./browser.ts";
import type { Pen } from "./show-text.ts";

/** What differs from the last approved call. The arguments themselves stand above, whole. */
export function showChanges({ make, inert }: Pen, before: Json, after: Json): PageElement {
  const { list, more } = diffJson(before, after);
  if (list.length === 0) return make("p", "quiet", "Nothing: the arguments are the same.");
  const rows = list.slice(0, changesAtFirst).map((each) => showChange({ make, inert }, each));
  const box = make("dl", "changes", ...rows.flat());
  const rest = list.length - rows.length;
  if (rest === 0) return box;
  const count = more ? `more than ${rest.toLocaleString("en")}` : rest.toLocaleString("en");
  return make("div", "", box, make("p", "quiet", `And ${count} further differences.`));
}

const changesAtFirst = 50;

function showChange(
  { make, inert }: Pick<Pen, "make" | "inert">,
  { pointer, kind, before, after }: Difference,
): readonly PageElement[] {
  const place = make("dt", "", inert(pointer === "" ? "(all of it)" : pointer));
  const [was, now] = shorten(toText(before), toText(after));
  const sides: PageElement[] = [];
  if (kind !== "added")
    sides.push(
      make("dd", "was", make("b", "", "was "), make("del", "", inert(was, { escapes: true }))),
    );
  if (kind !== "removed")
    sides.push(
      make("dd", "now", make("b", "", "now "), make("ins", "", inert(now, { escapes: true }))),
    );
  if (kind === "removed") sides.push(make("dd", "now", make("b", "", "now "), "not there"));
  if (kind === "added") sides.unshift(make("dd", "was", make("b", "", "was "), "not there"));
  return [place, ...sides];
}

function toText(value: Json | undefined): string {
  if (value === undefined) return "";
  return toJsonLines(value)
    .map(({ text }) => text)
    .join(" ");
}

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
    return `${left}${toShort(text.slice(from, to))}${right}`;
  };
  return [pick(was), pick(now)];
}

/** A change that is long itself is read above, in the arguments. */
const longest = 1_000;

function toShort(text: string): string {
  if (text.length <= longest) return text;
  const to = toStart(text, longest);
  return `${text.slice(0, to)} … and ${(text.length - to).toLocaleString("en")} more characters`;
}

/** Not between the two halves of one letter. */
function toStart(text: string, at: number): number {
  return at > 0 && /^[\udc00-\udfff]/.test(text.slice(at, at + 1)) ? at - 1 : at;
}
