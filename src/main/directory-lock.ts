import { mkdir, readFile, readlink, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { systemClock } from "../adapters/system/system-clock.ts";
import { Fault } from "../model/fault.ts";
import { writeOnce } from "./write-once.ts";

/** One server a data directory. The file also says where that server listens. */
export interface DirectoryLock {
  /** Written once the server listens, for command lines that look for it. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

export interface Holder {
  readonly pid: number;
  /** When the process with that pid began, in the kernel's ticks: a pid alone comes back. */
  readonly began: string | null;
  /** Of pids: in another one the same pid is another process. */
  readonly namespace: string | null;
  readonly url: string | null;
}

/** Stale files taken over before it is given up: somebody else keeps winning. */
const maxAttempts = 5;

export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const file = path.join(directory, "server.lock");
  const mine: Holder = {
    pid: process.pid,
    began: await readBegan(process.pid),
    namespace: await readNamespace(),
    url: null,
  };
  await makeDirectory(directory);
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    if (await claim(file, mine)) {
      const released = new AbortController();
      void beat(file, released.signal);
      return {
        announce: (url) => replace(file, { ...mine, url }),
        release: () => {
          released.abort();
          return rm(file, { force: true });
        },
      };
    }
    const holder = await readHolder(file);
    if (holder !== null && (await isAlive(file, holder))) throw locked(directory, file, holder);
    await clear(file, mine);
  }
  throw locked(directory, file, null);
}

/** Who serves this directory, or null when nobody does. */
export async function findHolder(directory: string): Promise<Holder | null> {
  const file = path.join(directory, "server.lock");
  // A lock that came with a checkout, or that somebody else put there, would have our key sent to
  // whatever it names.
  if (!(await isOurs(file))) return null;
  const holder = await readHolder(file);
  if (holder === null || (process.platform === "linux" && holder.began === null)) return null;
  return (await isAlive(file, holder)) ? holder : null;
}

function claim(file: string, holder: Holder): Promise<boolean> {
  const draft = `${file}.${process.pid}`;
  return writeOnce({ file, draft, flag: "w" }, JSON.stringify(holder));
}

/**
 * Of two who find the same stale file only one may remove it: the other would remove the lock that
 * the first has just taken. So whoever removes looks again while it holds a lock for that alone.
 */
async function clear(file: string, mine: Holder): Promise<void> {
  const breaking = `${file}.breaking`;
  if (!(await claim(breaking, mine))) {
    const breaker = await readHolder(breaking);
    // Held for a few reads; one whose holder is gone died in the midst of them.
    if (breaker === null || !(await isAlive(breaking, breaker)))
      await rm(breaking, { force: true });
    return;
  }
  try {
    const holder = await readHolder(file);
    if (holder === null || !(await isAlive(file, holder))) await rm(file, { force: true });
  } finally {
    await rm(breaking, { force: true });
  }
}

async function replace(file: string, holder: Holder): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, JSON.stringify(holder), { mode: 0o600 });
  await rename(draft, file);
}

async function readHolder(file: string): Promise<Holder | null> {
  try {
    const { pid, began, namespace, url } = JSON.parse(
      await readFile(file, "utf8"),
    ) as Partial<Holder>;
    if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid < 1) return null;
    return {
      pid,
      began: began ?? null,
      namespace: namespace ?? null,
      url: isLocal(url) ? url : null,
    };
  } catch {
    return null;
  }
}

/** A directory may come from anywhere, and keys are sent to this URL: it must not lead away. */
function isLocal(url: unknown): url is string {
  return typeof url === "string" && /^http:\/\/(?:127(?:\.\d{1,3}){3}|\[::1\]):\d{1,5}$/.test(url);
}

/** How often a lock is touched, and how old one of another namespace may be: only that is seen. */
const beatMs = 3_000;
const freshMs = 15_000;

async function isAlive(file: string, { pid, began, namespace }: Holder): Promise<boolean> {
  const isElsewhere = namespace !== null && namespace !== (await readNamespace());
  if (isElsewhere) return isFresh(file);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = await readBegan(pid);
  return began === null || now === null || began === now;
}

async function isFresh(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => null);
  return found !== null && systemClock.nowMs() - found.mtimeMs < freshMs;
}

async function isOurs(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => null);
  return found !== null && (process.getuid === undefined || found.uid === process.getuid());
}

async function beat(file: string, released: AbortSignal): Promise<void> {
  while (!released.aborted) {
    await systemClock.sleep(beatMs, released).catch(() => undefined);
    const now = new Date(systemClock.nowMs());
    if (!released.aborted) await utimes(file, now, now).catch(() => undefined);
  }
}

async function readNamespace(): Promise<string | null> {
  return readlink("/proc/self/ns/pid").catch(() => null);
}

/** Boot and start time of a process, where the system says so (Linux). */
async function readBegan(pid: number): Promise<string | null> {
  try {
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    const line = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces and parentheses; the 22nd field is the start time.
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return `${boot}:${fields[19]}`;
  } catch {
    return null;
  }
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Fault("store_read_only", `${directory} cannot be made (${code}).`, {
      cause,
      details: { directory },
    });
  }
}

function locked(directory: string, file: string, holder: Holder | null): Fault {
  const who = holder === null ? "Another server" : `The server with pid ${holder.pid}`;
  const url = holder?.url ?? null;
  const where = url === null ? "" : ` (${url})`;
  return new Fault(
    "directory_locked",
    `${who}${where} uses ${directory} already; ${file} says so.`,
    {
      details: { directory, file, pid: holder?.pid ?? null },
    },
  );
}
