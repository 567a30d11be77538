/** Now, when the page was opened: what the mock tells of happened before. */
export const openedMs = Date.now();

/** A moment before the page was opened, or after it where it is negative. */
export function ago(ms: number): string {
  return new Date(openedMs - ms).toISOString();
}

/** An id that is always the same for the same number. */
export function mockId(number: number): string {
  return `01900000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

/** A digest that is always the same for the same number. */
export function mockDigest(number: number): string {
  const hex = (Math.imul(number + 1, 2_654_435_761) >>> 0).toString(16).padStart(8, "0");
  return `sha256:${hex.repeat(8)}`;
}
