import { createHash } from "node:crypto";

// What model providers accept as a tool's name.
const maxLength = 64;
// 48 bits: two of a million shortened names meet with a chance of 0.2 %; registration checks it.
const suffixDigits = 12;
const suffixed = /_[0-9a-f]{12}$/;

/**
 * The name a tool is offered under. It depends on its server and its own name alone, so it stays the
 * same whatever else is registered. What would be too long, has other characters, or could be read
 * as another tool's name ends with a digest; a tool cannot call itself as if it did.
 */
export function toExposedName(server: string, tool: string): string {
  const plain = `${server}__${tool}`;
  const safe = plain.replaceAll(/[^A-Za-z0-9_-]/g, "_");
  // Two underlines end the server's part: a server with two of its own would read as another's tool.
  const isClear = !/__|_$/.test(server) && !tool.startsWith("_") && !suffixed.test(tool);
  if (safe === plain && plain.length <= maxLength && isClear) return plain;
  const digest = createHash("sha256")
    .update(JSON.stringify([server, tool]))
    .digest("hex");
  return `${safe.slice(0, maxLength - suffixDigits - 1)}_${digest.slice(0, suffixDigits)}`;
}
