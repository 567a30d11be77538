import { mkdirSync, readdirSync, realpathSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { buildIndex, isSame } from "./search/build-index.ts";
import { embedders, type Embedder } from "./search/embedders.ts";
import { readHeartbeat, writeHeartbeat, type Heartbeat } from "./search/heartbeat.ts";
import {
  publishIndex,
  readCurrent,
  readIndex,
  toIndexFile,
  type Index,
} from "./search/index-file.ts";
import { readFolder } from "./search/read-folder.ts";

/** Looks at a folder again and again, and writes the index of what it finds. One JSON line for each event. */

interface Options {
  readonly documents: string;
  readonly state: string;
  readonly embedder: Embedder;
  readonly everyMs: number;
  readonly pauseMs: number;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      documents: { type: "string", default: path.join(import.meta.dirname, "documents") },
      state: { type: "string", default: path.join(import.meta.dirname, ".search") },
      embedder: { type: "string", default: "1" },
      every: { type: "string", default: "2" },
      "batch-pause": { type: "string", default: "0" },
    },
  });
  const embedder = embedders.get(values.embedder);
  if (embedder === undefined)
    throw new Error(`--embedder takes one of ${[...embedders.keys()].join(", ")}.`);
  return {
    documents: realpathSync(values.documents),
    state: path.resolve(values.state),
    embedder,
    everyMs: toNumber("every", values.every, { min: 0.1, max: 3_600 }) * 1_000,
    pauseMs: toNumber("batch-pause", values["batch-pause"], { min: 0, max: 60_000 }),
  };
}

function toNumber(name: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= min && value <= max))
    throw new Error(`--${name} takes a number from ${min} to ${max}.`);
  return value;
}

function tell(event: string, details: object = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...details })}\n`);
}

/** Two would write over each other, each with another version perhaps. */
function refuseSecond(state: string): void {
  const last = readHeartbeat(state);
  if (last === null || last.pid === process.pid || Date.now() - Date.parse(last.at) > 10_000)
    return;
  try {
    process.kill(last.pid, 0);
  } catch {
    return;
  }
  throw new Error(`Another indexer, process ${last.pid}, writes to ${state}.`);
}

/** What a crash left behind was never named as an index. */
function removeDrafts(state: string): void {
  mkdirSync(state, { recursive: true });
  for (const name of readdirSync(state))
    if (name.endsWith(".draft")) rmSync(path.join(state, name), { force: true });
}

/** The index that answers now; null where there is none, or none that can be believed. */
function readLast(state: string): Index | null {
  try {
    const version = readCurrent(state);
    return version === null ? null : readIndex(toIndexFile(state, version));
  } catch (error) {
    tell("damaged", { message: (error as Error).message });
    return null;
  }
}

/** Heartbeats while something is being built: not after each batch. */
const beatMs = 500;

class Indexer {
  readonly #options: Options;
  readonly #signal: AbortSignal;
  #index: Index | null;
  #beat: Heartbeat;

  constructor(options: Options, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#index = readLast(options.state);
    const at = new Date().toISOString();
    this.#beat = { pid: process.pid, at, seen: null, building: null, problem: null };
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        await this.#look();
      } catch (error) {
        if (this.#signal.aborted) return;
        const problem = (error as Error).message.slice(0, 1_000);
        tell("failed", { problem });
        this.#write({ building: null, problem });
      }
      await sleep(this.#options.everyMs, undefined, { signal: this.#signal }).catch(
        () => undefined,
      );
    }
  }

  async #look(): Promise<void> {
    const { documents, state, embedder } = this.#options;
    const at = new Date().toISOString();
    const folder = readFolder(documents);
    let index = this.#index;
    if (index?.embedder !== embedder || !isSame(index, folder)) {
      index = await this.#build(folder);
      publishIndex(state, index);
      this.#index = index;
      for (const version of embedders.keys())
        if (version !== embedder.version) rmSync(toIndexFile(state, version), { force: true });
      const { length: chunks } = index.chunks;
      const counts = { documents: index.documents.length, chunks, leftOut: index.leftOut.length };
      tell("written", { version: embedder.version, ...counts });
    }
    // As of the moment before the folder was read: what has changed since is not in it.
    this.#write({ seen: { writtenAt: index.writtenAt, at }, building: null, problem: null });
  }

  #build(folder: Parameters<typeof isSame>[1]): Promise<Index> {
    const { embedder, pauseMs } = this.#options;
    const { version } = embedder;
    let toldMs = Date.now() - beatMs;
    const onProgress = (done: number, of: number): void => {
      if (Date.now() - toldMs < beatMs) return;
      toldMs = Date.now();
      this.#write({ building: { version, done, of } });
      tell("building", { version, done, of });
    };
    const signal = this.#signal;
    return buildIndex(folder, { embedder, known: this.#index, pauseMs, onProgress, signal });
  }

  #write(part: Partial<Heartbeat>): void {
    this.#beat = { ...this.#beat, ...part, at: new Date().toISOString() };
    writeHeartbeat(this.#options.state, this.#beat);
  }
}

async function main(): Promise<void> {
  const options = readOptions();
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  refuseSecond(options.state);
  removeDrafts(options.state);
  tell("started", { documents: options.documents, version: options.embedder.version });
  await new Indexer(options, stop.signal).run();
  tell("stopped");
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
