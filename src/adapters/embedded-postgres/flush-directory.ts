import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes a name in the directory outlast a power cut, as far as its file system knows how. */
export function flushDirectory(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } catch (error) {
    // What Postgres forgives too: there are file systems that do not flush directories.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EINVAL" && code !== "EBADF") throw error;
  } finally {
    closeSync(descriptor);
  }
}
