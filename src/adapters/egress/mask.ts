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
  return (chunk) => {
    const all = Buffer.concat([held, chunk ?? Buffer.alloc(0)]);
    for (const needle of needles)
      for (let at = all.indexOf(needle); at >= 0; at = all.indexOf(needle, at + needle.length))
        all.fill(star, at, at + needle.length);
    // What may be the beginning of one waits for what comes next.
    const waiting = chunk === null ? 0 : Math.max(0, ...needles.map((one) => countBegun(all, one)));
    held = all.subarray(all.length - waiting);
    return all.subarray(0, all.length - waiting);
  };
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
