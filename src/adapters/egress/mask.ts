import type { NextBytes } from "./next-bytes.ts";

/** What is shorter stands in ordinary texts, too. */
const leastBytes = 8;
const star = 0x2a;

/**
 * The same bytes, with stars in the place of what a program must not learn: as many, so that no length
 * changes. It finds what is said as it was sent; who spells it anew is not caught.
 */
export function createMask(texts: readonly string[]): (chunk: Buffer | null) => Buffer {
  const needles = texts.map((text) => Buffer.from(text, "latin1")).filter(isLong);
  let held: Buffer = Buffer.alloc(0);
  /** So many bytes of what is held end one that began before them. */
  let begun = 0;
  return (chunk) => {
    // Looked for in what was said, not in what is masked: one may hold another, or begin in it.
    const said = Buffer.concat([held, chunk ?? Buffer.alloc(0)]);
    const found = [{ from: -1, to: begun }, ...needles.flatMap((needle) => findAll(said, needle))];
    const shown = Buffer.from(said);
    for (const { from, to } of found) shown.fill(star, Math.max(0, from), to);
    // What may be the beginning of one waits for what comes next.
    const waiting =
      chunk === null ? 0 : Math.max(0, ...needles.map((one) => countBegun(said, one)));
    const border = said.length - waiting;
    begun = Math.max(0, ...found.filter(({ from }) => from < border).map(({ to }) => to - border));
    held = said.subarray(border);
    return shown.subarray(0, border);
  };
}

function findAll(said: Buffer, needle: Buffer) {
  const found: { readonly from: number; readonly to: number }[] = [];
  for (let at = said.indexOf(needle); at >= 0; at = said.indexOf(needle, at + 1))
    found.push({ from: at, to: at + needle.length });
  return found;
}

const isLong = ({ length }: Buffer): boolean => length >= leastBytes;

/** How many bytes at the end are the first ones of it. */
function countBegun(bytes: Buffer, needle: Buffer): number {
  for (let count = Math.min(needle.length - 1, bytes.length); count > 0; count -= 1)
    if (bytes.subarray(bytes.length - count).equals(needle.subarray(0, count))) return count;
  return 0;
}

/** The same of all that is read. */
export function maskBytes(next: NextBytes, texts: readonly string[]): NextBytes {
  const mask = createMask(texts);
  let hasEnded = false;
  return async () => {
    while (!hasEnded) {
      const chunk = await next();
      hasEnded = chunk === null;
      const part = mask(chunk);
      if (part.length > 0) return part;
    }
    return null;
  };
}
