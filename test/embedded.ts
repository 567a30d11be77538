import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline/promises";
import pg from "pg";
import { afterEach } from "vitest";
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from "../src/adapters/embedded-postgres/embedded-postgres.ts";
import { systemClock } from "../src/adapters/system/system-clock.ts";
import { systemRandom } from "../src/adapters/system/system-random.ts";

export const isRoot = process.getuid?.() === 0;
/** Whether other users can read this checkout, and so run what is in it. */
export const isOpen = isOpenToOthers(process.cwd());

function isOpenToOthers(directory: string): boolean {
  if ((statSync(directory).mode & 0o001) === 0) return false;
  return directory === path.dirname(directory) || isOpenToOthers(path.dirname(directory));
}

/** What embedded-scenario.ts says: where it runs, or why not. */
export interface Said {
  readonly url: string;
  readonly pid: number;
  readonly adopted: boolean;
  readonly code: string;
  readonly message: string;
}

export interface RunOptions {
  readonly uid?: number;
  /** A command that the scenario's own is put behind. */
  readonly by?: readonly string[];
}

interface Running {
  readonly child: ChildProcess;
  readonly said: Said;
}

export interface Embedded {
  makeDirectory(mode?: number): string;
  start(dataDir: string, lines?: string[]): Promise<EmbeddedPostgres>;
  /** Starts it in a process of its own, which can be killed. */
  run(dataDir: string, options?: RunOptions): Promise<Running>;
  kill(child: ChildProcess): Promise<void>;
  query(url: string, text: string): Promise<unknown[]>;
}

/** Embedded Postgres of a test's own. What it made is stopped and removed after it. */
export function useEmbedded(): Embedded {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    while (ends.length > 0) await ends.pop()!();
  });

  return {
    makeDirectory(mode = 0o755) {
      const directory = mkdtempSync(path.join(tmpdir(), "cs-embedded-"));
      chmodSync(directory, mode);
      ends.push(() => rmSync(directory, { recursive: true, force: true }));
      return directory;
    },
    async start(dataDir, lines = []) {
      const postgres = await startEmbeddedPostgres({
        dataDir,
        clock: systemClock,
        random: systemRandom,
        log: (level, line) => void lines.push(`${level}: ${line}`),
      });
      ends.push(() => postgres.stop());
      return postgres;
    },
    async run(dataDir, options = {}) {
      const running = await runScenario(dataDir, options);
      ends.push(() => running.child.kill("SIGKILL"));
      return running;
    },
    async kill(child) {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
    query,
  };
}

async function runScenario(dataDir: string, { uid, by = [] }: RunOptions): Promise<Running> {
  const scenario = path.resolve("test/embedded-scenario.ts");
  const own = [process.execPath, scenario, dataDir];
  const [file, ...args] = [...by, ...own] as [string, ...string[]];
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "inherit"],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, said: JSON.parse(line) as Said };
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}
