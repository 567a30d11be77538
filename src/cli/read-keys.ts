import { Fault } from "../model/fault.ts";
import type { Files } from "./context.ts";
import { readText } from "./read-text.ts";

/** Each is a verifier key as it stands, or a file with one a line. */
export async function readKeys(files: Files, given: readonly string[]): Promise<readonly string[]> {
  const read = await Promise.all(
    given.map(async (each) => (isKey(each) ? [each] : readLines(files, each))),
  );
  const keys = read.flat();
  if (keys.length > 0) return keys;
  throw new Fault("usage_invalid", "There is no key in what --key names.");
}

function isKey(text: string): boolean {
  return /^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/.test(text);
}

/** Without empty lines, and those that begin with #. */
export async function readLines(files: Files, file: string): Promise<readonly string[]> {
  const text = await readText(files, file);
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
