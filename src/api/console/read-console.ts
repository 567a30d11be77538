import { hash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

/** One file of the console as it is sent. */
export interface ConsoleFile {
  readonly type: string;
  readonly bytes: Buffer;
  /** Null where it gains nothing: fonts are packed already. */
  readonly gzip: Buffer | null;
  readonly etag: string;
  /** Its name has a digest of what is in it, so it never changes. */
  readonly immutable: boolean;
}

/** By path, as it is asked for; `/index.html` is the page itself. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

// Some twenty times what it is: a folder that grew beyond is not the console.
const maxFiles = 400;
const maxBytes = 16 * 1024 * 1024;

/** What was built, held in memory. Null: it was not built. */
export function readConsole(folder: string): ConsoleFiles | null {
  if (statSync(path.join(folder, "index.html"), { throwIfNoEntry: false }) === undefined)
    return null;
  const names = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && types[path.extname(entry.name)] !== undefined)
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
  if (names.length > maxFiles) throw new Error(`${folder} has more than ${maxFiles} files.`);
  let left = maxBytes;
  const files = names.map((name): [string, ConsoleFile] => {
    const bytes = readFileSync(path.join(folder, name));
    left -= bytes.length;
    if (left < 0) throw new Error(`${folder} is larger than ${maxBytes} bytes.`);
    return [`/${name.split(path.sep).join("/")}`, toFile(name, bytes)];
  });
  return new Map(files);
}

function toFile(name: string, bytes: Buffer): ConsoleFile {
  const type = types[path.extname(name)]!;
  return {
    type,
    bytes,
    gzip: type.startsWith("font/") ? null : gzipSync(bytes, { level: 9 }),
    etag: `"${hash("sha256", bytes, "base64url")}"`,
    immutable: name.startsWith("assets"),
  };
}
