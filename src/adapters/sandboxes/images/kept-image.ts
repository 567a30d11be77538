import { hash } from "node:crypto";
import { chmod, readdir, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { digestSchema, toDigest, type Digest } from "../../../model/index.ts";
import { writeReadable } from "./make-readable.ts";
import { lockSchema, type LockedPackage } from "./locked-package.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What stands beside an image: what it was made of, and what was made. */
const keptSchema = z.strictObject({
  digest: digestSchema,
  files: z.record(z.string().regex(/^[a-z0-9.]+$/), sha256),
  recipe: digestSchema,
  node: z.string(),
  lock: lockSchema,
});
type KeptImage = z.infer<typeof keptSchema>;

/** Over the bytes of all files: whoever keeps something of a machine keeps it for exactly these. */
const toImageDigest = (files: KeptImage["files"]): Digest => toDigest(JSON.stringify(files));

export interface Wanted {
  readonly recipe: Digest;
  readonly lock: readonly LockedPackage[];
}

/** Writes down, beside the files of an image, what they are and what they were made of. */
export async function describeImage(image: string, { recipe, lock }: Wanted): Promise<KeptImage> {
  const files: Record<string, string> = {};
  for (const name of (await readdir(image)).toSorted()) {
    const file = path.join(image, name);
    await chmod(file, 0o644);
    files[name] = hash("sha256", await readFile(file), "hex");
  }
  const kept = {
    digest: toImageDigest(files),
    files,
    recipe,
    node: process.version,
    lock: [...lock],
  };
  await writeReadable(path.join(image, "image.json"), `${JSON.stringify(kept, null, 2)}\n`);
  return kept;
}

/**
 * Whether the image at a place is what would be made now, and whole. One that is not what it says it is
 * goes to `aside`, out of the way of the next.
 */
export async function readKept(
  place: string,
  wanted: Wanted,
  aside: string,
): Promise<KeptImage | null> {
  const text = await readFile(path.join(place, "image.json"), "utf8").catch(() => null);
  if (text === null) return null;
  const kept = parse(text);
  if (kept === null || !(await isWhole(place, kept))) {
    await rename(place, aside);
    return null;
  }
  const isSame =
    kept.recipe === wanted.recipe && JSON.stringify(kept.lock) === JSON.stringify(wanted.lock);
  return isSame ? kept : null;
}

function parse(text: string): KeptImage | null {
  try {
    return keptSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

async function isWhole(place: string, { digest, files }: KeptImage): Promise<boolean> {
  if (toImageDigest(files) !== digest) return false;
  for (const [name, expected] of Object.entries(files)) {
    const bytes = await readFile(path.join(place, name)).catch(() => null);
    if (bytes === null || hash("sha256", bytes, "hex") !== expected) return false;
  }
  return true;
}
