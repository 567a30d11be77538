import { constants } from "node:fs";
import { open } from "node:fs/promises";

/**
 * A file, read up to the bound; null for a larger one. A pipe or a device is no file, and with `noLink`
 * neither is a link that has come in a file's place.
 */
export async function readBounded(
  place: string,
  maxBytes: number,
  { noLink = false }: { readonly noLink?: boolean } = {},
): Promise<Uint8Array | null> {
  // Without blocking: a pipe that nobody writes to would hold the start forever.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (noLink ? constants.O_NOFOLLOW : 0);
  const handle = await open(place, flags);
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw Object.assign(new Error("it is no file"), { code: "ENOTFILE" });
    const buffer = Buffer.alloc(Math.min(found.size, maxBytes) + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
    }
    return null;
  } finally {
    await handle.close();
  }
}
