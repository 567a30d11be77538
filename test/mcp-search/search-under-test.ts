import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

export const example = path.join(import.meta.dirname, "../../examples/mcp-search");

/** A folder of documents and a place for their index, gone when the test is. */
export function makePlaces(files: Readonly<Record<string, string | Buffer>>) {
  const root = mkdtempSync(path.join(tmpdir(), "cs-search-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const documents = path.join(root, "documents");
  const state = path.join(root, ".search");
  const write = (name: string, content: string | Buffer): void => {
    mkdirSync(path.dirname(path.join(documents, name)), { recursive: true });
    writeFileSync(path.join(documents, name), content);
  };
  mkdirSync(documents);
  for (const [name, content] of Object.entries(files)) write(name, content);
  return { root, documents, state, write };
}

interface IndexerOptions {
  readonly documents: string;
  readonly state: string;
}

/** The example's indexer, as a process. */
export function startIndexer({ documents, state }: IndexerOptions, ...argv: readonly string[]) {
  const fixed = ["--documents", documents, "--state", state, "--every", "0.2"];
  const child = spawn(process.execPath, [path.join(example, "indexer.ts"), ...fixed, ...argv]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const events: Readonly<Record<string, unknown>>[] = [];
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const looks = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    events.push(JSON.parse(line) as Readonly<Record<string, unknown>>);
    for (const look of looks) look();
  });
  const ended = once(child, "exit").then(([code, signal]) => {
    for (const look of looks) look();
    return (code ?? signal) as number | string;
  });
  return {
    pid: child.pid!,
    ended,
    err: () => err,
    events,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    /** The first event of this name from that place on. */
    until: (name: string, from = 0): Promise<Readonly<Record<string, unknown>>> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = events.slice(from).find(({ event }) => event === name);
          const isOver = child.exitCode !== null || child.signalCode !== null;
          if (found === undefined && !isOver) return;
          looks.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`no ${name}: ${JSON.stringify(events)} ${err}`));
        };
        looks.add(look);
        look();
      }),
  };
}
