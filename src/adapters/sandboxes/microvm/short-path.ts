import { closeSync, constants, openSync } from "node:fs";

/**
 * A socket's path has room for a hundred characters, and directories may be longer. By the number of an
 * open directory it is always short.
 */
export async function withShortPath<T>(
  directory: string,
  work: (short: string) => Promise<T>,
): Promise<T> {
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await work(`/proc/self/fd/${descriptor}`);
  } finally {
    closeSync(descriptor);
  }
}
