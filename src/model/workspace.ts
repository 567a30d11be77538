import { z } from "zod";
import { toCanonicalText } from "./canonical.ts";
import { digestSchema, toDigest, type Digest } from "./digest.ts";
import { judgeWorkPath } from "./work-path.ts";

const workFileEntrySchema = z
  .strictObject({
    path: z.string().refine((path) => judgeWorkPath(path) === null),
    /** Of its bytes. */
    digest: digestSchema,
    size: z.int().nonnegative(),
    isExecutable: z.boolean(),
  })
  .readonly();
export type WorkFileEntry = z.infer<typeof workFileEntrySchema>;

/** All files of a workspace at one moment, by their paths in order. */
export const manifestSchema = z
  .strictObject({ v: z.literal(1), files: z.array(workFileEntrySchema).readonly() })
  .readonly();
export type Manifest = z.infer<typeof manifestSchema>;

export const emptyManifest: Manifest = Object.freeze({ v: 1, files: Object.freeze([]) });

/** The same files have the same digest, whenever and however they came there. */
export function toManifestDigest(manifest: Manifest): Digest {
  return toDigest(toCanonicalText(manifest));
}

/** What a workspace may hold. */
export interface WorkspaceBounds {
  /** Of all files together, in bytes. */
  readonly size: number;
  readonly files: number;
}

export interface ManifestChanges {
  readonly written: readonly WorkFileEntry[];
  readonly removed: readonly string[];
}

export type ChangedManifest =
  | { readonly kind: "changed"; readonly manifest: Manifest }
  /** Nothing of it is taken over; the words say which bound or path is in the way. */
  | { readonly kind: "refused"; readonly why: string };

/** What a manifest becomes by changes, or why it cannot: all of them are taken over, or none. */
export function changeManifest(
  { files }: Manifest,
  { written, removed }: ManifestChanges,
  bounds: WorkspaceBounds,
): ChangedManifest {
  for (const { path } of written) {
    const wrong = judgeWorkPath(path);
    if (wrong !== null) return refuse(`The path ${toShown(path)} ${wrong}.`);
  }
  const byPath = new Map(files.map((file) => [file.path, file]));
  for (const path of removed) byPath.delete(path);
  for (const file of written) byPath.set(file.path, file);
  const next = [...byPath.values()].toSorted((one, other) => byCodeUnit(one.path, other.path));
  const clash = findClash(byPath);
  if (clash !== null)
    return refuse(`${toShown(clash)} would be a file and a folder at the same time.`);
  if (next.length > bounds.files)
    return refuse(
      `The workspace would hold ${next.length} files, and may hold ${bounds.files} (workspace.files).`,
    );
  const size = next.reduce((sum, file) => sum + file.size, 0);
  if (size > bounds.size)
    return refuse(
      `The workspace would hold ${size} bytes, and may hold ${bounds.size} (workspace.size).`,
    );
  return { kind: "changed", manifest: { v: 1, files: next } };
}

function refuse(why: string): ChangedManifest {
  return { kind: "refused", why: `${why} Nothing was changed.` };
}

/** A path that is a file, and a folder of another one. */
function findClash(byPath: ReadonlyMap<string, WorkFileEntry>): string | null {
  for (const path of byPath.keys()) {
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1))
      if (byPath.has(path.slice(0, end))) return path.slice(0, end);
  }
  return null;
}

const longestShown = 200;

/** Names may be anything; what is told is one line. */
export function toShown(path: string): string {
  const shown = JSON.stringify(path.toWellFormed());
  return shown.length <= longestShown ? shown : `${shown.slice(0, longestShown)}…"`;
}

/** The same on every machine, whatever its language. */
function byCodeUnit(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
