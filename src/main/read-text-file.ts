import { realpath } from "node:fs/promises";
import path from "node:path";
import { readBounded } from "./read-bounded.ts";

export type ReadText =
  | { readonly kind: "read"; readonly text: string }
  | { readonly kind: "refused"; readonly reason: string };

/** A text beside the document, in a place that the document itself could name. */
export async function readTextFile(
  directory: string,
  file: string,
  maxCharacters: number,
): Promise<ReadText> {
  // As many bytes as the longest of such texts can have.
  const maxBytes = 4 * maxCharacters;
  let text: string;
  try {
    const place = await findWithin(directory, file);
    if (place === null)
      return refused("leads out of the directory of countersign.yaml, or into a hidden one");
    const bytes = await readBounded(place, maxBytes);
    if (bytes === null) return refused(`names a file of more than ${maxBytes} bytes`);
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    return refused(error instanceof TypeError ? "names a file that is not UTF-8" : toReason(error));
  }
  if (text.trim() === "") return refused("names a file without a text");
  if (text.length > maxCharacters)
    return refused(`names a file of more than ${maxCharacters} characters`);
  return { kind: "read", text };
}

/** A link is followed, and must not lead to what the document itself could not name. */
async function findWithin(directory: string, file: string): Promise<string | null> {
  const root = await realpath(directory);
  const place = await realpath(path.resolve(root, file));
  const parts = path.relative(root, place).split(path.sep);
  const isWithin = parts.every((part) => part !== "" && !part.startsWith("."));
  return isWithin && /\.(?:md|txt)$/.test(place) ? place : null;
}

function toReason(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return "names a file that is not there";
  return `names a file that cannot be read (${code ?? "unknown"})`;
}

function refused(reason: string): ReadText {
  return { kind: "refused", reason };
}
