import { createHash } from "node:crypto";

// What model providers accept as a tool's name.
const maxLength = 64;
// 40 bits: two of a million long names meet with a chance below a half; registration checks it.
const suffixLength = 8;

/**
 * The name a tool is offered under. It depends on its server and its own name alone, so it stays the
 * same whatever else is registered.
 */
export function toExposedName(server: string, tool: string): string {
  const plain = `${server}__${tool}`;
  const safe = plain.replaceAll(/[^A-Za-z0-9_-]/g, "_");
  // Two underlines end the server's part: a server with two of its own would read as another's tool.
  const isExact =
    safe === plain && plain.length <= maxLength && !/__|_$/.test(server) && !tool.startsWith("_");
  if (isExact) return plain;
  const digest = createHash("sha256").update(`${server}\0${tool}`).digest();
  const suffix = toBase32(digest).slice(0, suffixLength);
  return `${safe.slice(0, maxLength - suffixLength - 1)}_${suffix}`;
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

function toBase32(bytes: Uint8Array): string {
  let text = "";
  for (let bit = 0; bit + 5 <= bytes.length * 8; bit += 5) {
    const pair = (bytes[bit >> 3]! << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    text += alphabet[(pair >> (11 - (bit & 7))) & 31];
  }
  return text;
}
