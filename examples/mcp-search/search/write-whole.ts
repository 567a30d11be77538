import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import path from "node:path";

/** Whoever reads the file meets the old content or the new one, also after a crash in the middle. */
export function writeWhole(file: string, content: string): void {
  const directory = path.dirname(file);
  mkdirSync(directory, { recursive: true });
  const draft = `${file}.${process.pid}.draft`;
  const descriptor = openSync(draft, "w", 0o600);
  try {
    const bytes = Buffer.from(content);
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
  flushDirectory(directory);
}

/** So that the new name is on disk, too. */
function flushDirectory(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
