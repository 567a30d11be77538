export interface WordPart {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** Of either text. Above it the texts are shown whole, beside each other. */
const mostWords = 1_500;

/** How one text became the other, word by word. Joining what is not removed gives the later text. */
export function diffWords(before: string, after: string): readonly WordPart[] {
  const [old, now] = [split(before), split(after)];
  if (old.length > mostWords || now.length > mostWords) {
    return join([
      { kind: "removed", text: before },
      { kind: "added", text: after },
    ]);
  }
  const longest = measure(old, now);
  const parts: WordPart[] = [];
  let [at, to] = [0, 0];
  while (at < old.length || to < now.length) {
    if (at < old.length && to < now.length && old[at] === now[to]) {
      parts.push({ kind: "same", text: old[at]! });
      at += 1;
      to += 1;
    } else if (
      to >= now.length ||
      (at < old.length && longest[at + 1]![to]! >= longest[at]![to + 1]!)
    ) {
      parts.push({ kind: "removed", text: old[at]! });
      at += 1;
    } else {
      parts.push({ kind: "added", text: now[to]! });
      to += 1;
    }
  }
  return join(parts);
}

const split = (text: string): readonly string[] => text.match(/\s+|[^\s]+/gu) ?? [];

/** How many words of the rests are the same, in order. */
function measure(old: readonly string[], now: readonly string[]): readonly Uint16Array[] {
  const rows = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let at = old.length - 1; at >= 0; at -= 1) {
    for (let to = now.length - 1; to >= 0; to -= 1) {
      rows[at]![to] =
        old[at] === now[to]
          ? rows[at + 1]![to + 1]! + 1
          : Math.max(rows[at + 1]![to]!, rows[at]![to + 1]!);
    }
  }
  return rows;
}

function join(parts: readonly WordPart[]): readonly WordPart[] {
  const joined: WordPart[] = [];
  for (const part of parts) {
    if (part.text === "") continue;
    const last = joined.at(-1);
    if (last?.kind === part.kind)
      joined[joined.length - 1] = { ...last, text: last.text + part.text };
    else joined.push(part);
  }
  return joined;
}
