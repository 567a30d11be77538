import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

export interface Refund {
  readonly order: string;
  readonly amount: number;
  readonly reason: string;
  readonly key: string | null;
}

/** What was paid back, one line each. */
export function openJournal(directory: string) {
  const file = path.join(directory, "refunds.jsonl");
  const read = (): readonly Refund[] =>
    existsSync(file)
      ? readFileSync(file, "utf8")
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as Refund)
      : [];
  return {
    read,
    append(refund: Refund): void {
      mkdirSync(directory, { recursive: true });
      appendFileSync(file, `${JSON.stringify(refund)}\n`);
    },
  };
}
