import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

/** A folder, and those that lead to it, for everybody to go into: whatever mask this process was started with. */
export async function makeReadable(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; ; made = path.dirname(made)) {
    await chmod(made, 0o755);
    if (made === first || made === path.dirname(made)) return;
  }
}

export async function writeReadable(file: string, bytes: Uint8Array | string): Promise<void> {
  await writeFile(file, bytes);
  await chmod(file, 0o644);
}
