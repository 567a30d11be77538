import { estimateTokens } from "../model/skill-text.ts";

/** The beginning of a text, as long as so many tokens are; what is left out is said. */
export function cutText(text: string, mostTokens: number): string {
  const tokens = estimateTokens(text);
  if (tokens <= mostTokens) return text;
  const kept = cutBytes(text, Math.max(0, Math.floor(mostTokens)) * 4);
  return `${kept}\n(cut: about ${tokens} tokens in all)`;
}

/** So many bytes at most, and no half of a sign. */
export function cutBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  let end = most;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
