import { hash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  opendirSync,
  readSync,
  realpathSync,
} from "node:fs";
import path from "node:path";
import { cleanText } from "./clean-text.ts";
import { limits } from "./limits.ts";

/** A document as it lies on disk. */
export interface Found {
  /** From the folder, with `/`. */
  readonly path: string;
  readonly text: string;
  /** SHA-256 of its bytes. */
  readonly digest: string;
}

export interface LeftOut {
  readonly path: string;
  readonly why: string;
}

export interface Folder {
  readonly documents: readonly Found[];
  readonly leftOut: readonly LeftOut[];
}

const extensions = new Set([".md", ".markdown", ".txt"]);

/** All documents below a folder, in the order of their names. Links are not followed. */
export function readFolder(root: string): Folder {
  const leftOut: LeftOut[] = [];
  const documents: Found[] = [];
  for (const file of listFiles(root, leftOut)) {
    if (documents.length >= limits.documents) {
      leftOut.push({ path: file, why: `is beyond ${limits.documents} documents` });
      continue;
    }
    const read = readDocument(root, file);
    if (read.kind === "read") documents.push(read.document);
    else leftOut.push({ path: file, why: read.why });
  }
  return { documents, leftOut };
}

function listFiles(root: string, leftOut: LeftOut[]): readonly string[] {
  const files: string[] = [];
  const folders = [{ path: "", depth: 0 }];
  let entries = 0;
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const directory = opendirSync(path.join(root, next.path));
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        entries += 1;
        if (entries > limits.entries)
          throw new Error(`${root} has more than ${limits.entries} files and folders.`);
        const { name } = entry;
        if (name.startsWith(".")) continue;
        const file = next.path === "" ? name : `${next.path}/${name}`;
        const why = refuseName(file);
        const isText = extensions.has(path.extname(name).toLowerCase());
        if (why !== null)
          leftOut.push({ path: cleanText(file).text.slice(0, limits.pathLength), why });
        else if (entry.isSymbolicLink()) leftOut.push({ path: file, why: "is a link" });
        else if (entry.isDirectory() && next.depth >= limits.depth)
          leftOut.push({ path: file, why: `is more than ${limits.depth} folders deep` });
        else if (entry.isDirectory()) folders.push({ path: file, depth: next.depth + 1 });
        else if (entry.isFile() && isText) files.push(file);
      }
    } finally {
      directory.closeSync();
    }
  }
  return files.toSorted((a, b) => (a < b ? -1 : 1));
}

function refuseName(file: string): string | null {
  if (file.length > limits.pathLength) return "has too long a name";
  return cleanText(file).hidden > 0 || /[\n\t]/.test(file)
    ? "has hidden characters in its name"
    : null;
}

export type DocumentRead =
  | { readonly kind: "read"; readonly document: Found }
  | { readonly kind: "refused"; readonly why: string };

/** Never what lies outside the folder: neither by its name nor by a link on the way. */
export function readDocument(root: string, file: string): DocumentRead {
  const parts = file.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..") || file.includes("\0"))
    return { kind: "refused", why: "is not in the folder" };
  let bytes: Buffer | string;
  try {
    bytes = readInside(realpathSync(root), file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "is gone" : `cannot be read (${code ?? "unknown"})`;
    return { kind: "refused", why };
  }
  if (typeof bytes === "string") return { kind: "refused", why: bytes };
  const text = decode(bytes);
  if (text === null) return { kind: "refused", why: "is not UTF-8" };
  return { kind: "read", document: { path: file, text, digest: hash("sha256", bytes) } };
}

/** Its bytes, or why not. */
function readInside(root: string, file: string): Buffer | string {
  const place = path.join(root, ...file.split("/"));
  // Another kind of file must not keep us waiting, and the last step must be no link.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const descriptor = openSync(place, flags);
  try {
    // Asked while it is open: a folder on the way may have been swapped for a link.
    if (realpathSync(place) !== place) return "is behind a link";
    const { size } = fstatSync(descriptor);
    if (!fstatSync(descriptor).isFile()) return "is no file";
    if (size > limits.documentBytes) return `is larger than ${limits.documentBytes} bytes`;
    const bytes = Buffer.alloc(limits.documentBytes + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < bytes.length; length += count)
      count = readSync(descriptor, bytes, length, bytes.length - length, null);
    if (length > limits.documentBytes) return `is larger than ${limits.documentBytes} bytes`;
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
