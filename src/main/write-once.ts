import { link, rm, writeFile } from "node:fs/promises";

interface Place {
  readonly file: string;
  /** Beside it, of nobody else. */
  readonly draft: string;
  /** Whether a draft that is there already is another's (`wx`), or what is left of an own one. */
  readonly flag: "wx" | "w";
}

/**
 * For this user alone. A link appears whole or not at all, and only if there was none: no reader sees
 * half a file, or one of another mode. False where the file was there.
 */
export async function writeOnce({ file, draft, flag }: Place, text: string): Promise<boolean> {
  await writeFile(draft, text, { mode: 0o600, flag });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    await rm(draft, { force: true });
  }
}
