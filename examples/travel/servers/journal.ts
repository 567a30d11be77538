import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import type { z } from "zod";

/** What happened, one JSON object a line of a file; each is on disk before anybody is told of it. */
export interface Journal<Entry> {
  /** In the order in which they were written; of those with one key only the first. */
  read(): readonly Entry[];
  append(entry: Entry): void;
}

export interface Keyed {
  /** What the caller calls it: however often it asks under one key, it happens once. */
  readonly key?: string | undefined;
}

/** Larger than years of bookings; a file beyond it is not one of ours. */
const maxBytes = 64 * 1024 * 1024;

export function openJournal<Entry extends Keyed>(
  file: string,
  schema: z.ZodType<Entry>,
): Journal<Entry> {
  mkdirSync(path.dirname(file), { recursive: true });
  const descriptor = openSync(file, "a");
  flushDirectory(path.dirname(file));
  return {
    read: () => dropRepeated(readEntries(file, schema)),
    append(entry) {
      // A line that a crash cut short was told to nobody: it stays alone on its line.
      const start = endsWhole(file) ? "" : "\n";
      writeSync(descriptor, `${start}${JSON.stringify(entry)}\n`);
      fsyncSync(descriptor);
    },
  };
}

/** Two processes may write one key at the same moment: whoever was first in the file is right. */
function dropRepeated<Entry extends Keyed>(entries: readonly Entry[]): readonly Entry[] {
  const seen = new Set<string>();
  return entries.filter(({ key }) => {
    if (key === undefined) return true;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function readEntries<Entry>(file: string, schema: z.ZodType<Entry>): readonly Entry[] {
  return readText(file)
    .split("\n")
    .flatMap((line) => {
      const value = line === "" ? null : parseLine(line);
      return value === null ? [] : [schema.parse(value)];
    });
}

/** Null of a line that was cut short. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function endsWhole(file: string): boolean {
  const text = readText(file);
  return text === "" || text.endsWith("\n");
}

function readText(file: string): string {
  const text = readFileSync(file, "utf8");
  if (text.length > maxBytes) throw new Error(`${file} is larger than ${maxBytes} bytes.`);
  return text;
}

/** So that the file's name is on disk, too. */
function flushDirectory(directory: string): void {
  const descriptor = openSync(realpathSync(directory), "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
