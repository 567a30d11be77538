import { renameSync, rmSync } from "node:fs";

/** Of two that make the same directory, both use the one that was first. */
export function moveUnlessThere(made: string, target: string): void {
  try {
    renameSync(made, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    rmSync(made, { recursive: true, force: true });
  }
}
