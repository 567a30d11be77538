import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { atEnd } from "../at-end.ts";
import { layOutCluster } from "../cluster.ts";
import { createHome, findPostmasters, stopPostmasters } from "../e2e/home.ts";

const house = path.join(import.meta.dirname, "../..");

/** A copy of examples/travel beside a home of its own, with ports of its own. */
export async function makeTravel({ isBare = false } = {}) {
  const home = createHome();
  for (const each of ["bin", "node_modules"]) {
    symlinkSync(path.join(house, each), path.join(home.directory, each));
  }
  const directory = path.join(home.directory, "examples", "travel");
  mkdirSync(path.dirname(directory));
  const isOwn = (file: string) =>
    !/\/(?:\.travel|\.countersign|countersign\.local\.yaml)$/.test(file);
  cpSync(path.join(house, "examples", "travel"), directory, { recursive: true, filter: isOwn });
  if (!isBare) await layOutCluster(path.join(directory, ".countersign", "postgres"));
  const [port, bookingsPort] = await findPorts(2);
  const document = path.join(directory, "countersign.yaml");
  const text = readFileSync(document, "utf8");
  const moved = text.replace(":7070", `:${port}`).replace(":7071", `:${bookingsPort}`);
  writeFileSync(document, moved);
  const url = `http://127.0.0.1:${port}`;
  home.environment["COUNTERSIGN_URL"] = url;
  for (const name of ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "COUNTERSIGN_MODEL_URL"]) {
    home.environment[name] = undefined;
  }
  atEnd(async () => {
    for (const pid of findPrograms(directory)) process.kill(pid, "SIGKILL");
    await stopPostmasters(() => findPostmasters(path.join(directory, ".countersign", "postgres")));
  });
  return {
    home,
    directory,
    url,
    start: (...argv: readonly string[]) => startQuickstart(directory, home.environment, argv),
    bookings: () => readJsonLines(path.join(directory, ".travel", "bookings.jsonl")),
    events: () => readJsonLines(path.join(directory, ".travel", "calendar.jsonl")),
    programs: (name: string) => findPrograms(directory).filter((pid) => isNamed(pid, name)),
  };
}

export type Travel = Awaited<ReturnType<typeof makeTravel>>;
export type Quickstart = ReturnType<typeof startQuickstart>;

/** Directories of failed tests whose last start was shown. */
const told = new Set<string>();

function startQuickstart(
  directory: string,
  env: Record<string, string | undefined>,
  argv: readonly string[],
) {
  const child = spawn(process.execPath, [path.join(directory, "start.ts"), ...argv], {
    cwd: directory,
    env,
  });
  const lines: string[] = [];
  let err = "";
  const log = path.join(directory, ".travel", "countersign.log");
  /** All that there is to see when a test fails. */
  const tellAll = (): string =>
    [...lines, err, existsSync(log) ? readFileSync(log, "utf8").slice(-4_000) : ""].join("\n");
  atEnd((task) => {
    child.kill("SIGKILL");
    // One that waited in vain does not say for what. The last start is asked first, and is enough.
    if (task?.result?.state !== "fail" || told.has(directory)) return;
    told.add(directory);
    console.log(tellAll());
  });
  const looks = new Set<() => void>();
  const look = (): void => {
    for (const each of looks) each();
  };
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    look();
  });
  const ended = once(child, "close").then(([code]) => {
    look();
    return code as number | null;
  });
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  return {
    lines,
    ended,
    err: () => err,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    /** Resolves with the first line that matches; rejects when it ended without one. */
    until: (pattern: RegExp) =>
      untilFound(pattern.source, () => lines.find((line) => pattern.test(line))),
    /** Resolves with its line of this place, as soon as it is there. */
    untilLine: (index: number) => untilFound(`line ${index}`, () => lines[index]),
  };

  function untilFound(what: string, find: () => string | undefined): Promise<string> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = find();
        if (found === undefined && !isOver()) return;
        looks.delete(check);
        if (found !== undefined) resolve(found);
        else reject(new Error(`No ${what} in:\n${tellAll()}`));
      };
      looks.add(check);
      check();
    });
  }
}

/** Free now; they are not held until they are used. */
async function findPorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) server.close();
  return ports;
}

export function readJsonLines(file: string): readonly Record<string, unknown>[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as never);
}

/** Processes that have this directory for theirs: servers, Countersign, and what they started. */
function findPrograms(directory: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && readLink(`/proc/${pid}/cwd`) === directory);
}

function isNamed(pid: number, name: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(name);
  } catch {
    return false;
  }
}

function readLink(file: string): string | null {
  try {
    return readlinkSync(file);
  } catch {
    return null;
  }
}

/** What must come to pass soon. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await holds()) return;
    await systemClock.sleep(100);
  }
  throw new Error(`it did not come to pass: ${what}`);
}
