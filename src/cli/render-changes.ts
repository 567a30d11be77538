import type { Change } from "../client/client.ts";
import type { Paint } from "./voice.ts";

/** Changes as lines: what is added, what goes, what becomes what. */
export function renderChanges(changes: readonly Change[], paint: Paint): string {
  const width = Math.max(0, ...changes.map(({ key }) => key.length));
  return changes.map((change) => renderChange(change, width, paint)).join("\n");
}

function renderChange({ kind, key, before, after }: Change, width: number, paint: Paint): string {
  const name = key.padEnd(width);
  switch (kind) {
    case "added":
      return paint.green(`  + ${name}  ${show(after)}`);
    case "removed":
      return paint.red(`  - ${name}  ${show(before)}`);
    case "changed":
      return `${paint.yellow("  ~")} ${name}  ${show(before)} ${paint.dim("→")} ${show(after)}`;
  }
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Enough of a digest for a person to tell two apart; `--json` has all of it. */
export function shorten(digest: string): string {
  return digest.slice(0, "sha256:".length + 12);
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
