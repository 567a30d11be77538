import { closeSync, openSync, readSync, statSync } from "node:fs";

export interface ServerLogLine {
  readonly level: "warn" | "error";
  readonly line: string;
}

// One look: what a healthy Postgres says in an hour. More is skipped, and stays in the file.
const maxReadBytes = 64 * 1024;
const maxLines = 20;
const maxLineLength = 500;

// Time, zone and pid come first; only there, since a statement that failed may hold any words.
const levels: readonly (readonly [RegExp, ServerLogLine["level"]])[] = [
  [/^[-\d]+ [:.\d]+ \w+ \[\d+\] (?:PANIC|FATAL): /, "error"],
  [/^[-\d]+ [:.\d]+ \w+ \[\d+\] WARNING: /, "warn"],
  // Said at the level of gossip, though each tells of a crash or of a disk in need.
  [
    /^[-\d]+ [:.\d]+ \w+ \[\d+\] LOG: .*(?:terminated by signal|terminating any other|No space left)/,
    "warn",
  ],
];

/**
 * What Postgres itself finds worth a warning, since the last look. Its errors are left out: they
 * are answers to a query, which has them already, and their details may hold what was written.
 */
export function createServerLogTail(file: string): () => readonly ServerLogLine[] {
  let offset = sizeOf(file);
  let rest = "";

  return () => {
    const size = sizeOf(file);
    // It was cut to bound it.
    if (size < offset) [offset, rest] = [0, ""];
    if (size === offset) return [];
    if (size - offset > maxReadBytes) [offset, rest] = [size - maxReadBytes, ""];
    const lines = (rest + read(file, offset, size)).split("\n");
    offset = size;
    rest = lines.pop()?.slice(-maxLineLength) ?? "";
    return lines.flatMap(toLine).slice(-maxLines);
  };
}

function toLine(line: string): readonly ServerLogLine[] {
  const level = levels.find(([pattern]) => pattern.test(line))?.[1];
  if (level === undefined) return [];
  return [{ level, line: line.replace(/^.*?\[\d+\] /, "").slice(0, maxLineLength) }];
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function read(file: string, from: number, to: number): string {
  const descriptor = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(to - from);
    const length = readSync(descriptor, bytes, 0, bytes.length, from);
    return bytes.toString("utf8", 0, length);
  } finally {
    closeSync(descriptor);
  }
}
