import type { Said } from "../../ports/errands.ts";

/** Of one stream: thousands of words, and what a model can still read. */
export const mostShown = 32_768;

/** What a program wrote, with a heading, and how much of it is not here. Nothing for nothing. */
export function toStreamText(name: string, { bytes, droppedBytes }: Said): readonly string[] {
  if (bytes.byteLength === 0 && droppedBytes === 0) return [];
  const shown = bytes.subarray(0, mostShown);
  const dropped = droppedBytes + bytes.byteLength - shown.byteLength;
  const text = new TextDecoder().decode(shown);
  const ending = dropped === 0 ? [] : [`(${dropped} bytes more of ${name} are not shown)`];
  return [`${name}:`, text.endsWith("\n") ? text.slice(0, -1) : text, ...ending];
}
