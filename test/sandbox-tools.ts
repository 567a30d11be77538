import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { isGone, readOwner, type Owner } from "../src/adapters/sandboxes/host/owner.ts";
import type { Missing } from "../src/adapters/sandboxes/host/find-programs.ts";
import {
  buildMachineImage,
  machineRecipe,
  toMachinePlace,
} from "../src/adapters/sandboxes/images/machine-image.ts";
import { setupRunsc } from "../src/adapters/sandboxes/images/setup-runsc.ts";
import type { Workshop } from "../src/adapters/sandboxes/images/workshop.ts";
import { systemClock } from "../src/adapters/system/system-clock.ts";
import { systemRandom } from "../src/adapters/system/system-random.ts";

/**
 * What tests of sandboxes need besides packages of the system. The product's own setup makes it, once a
 * machine; where it cannot (no mirror, no apt) the tests say why they do not run.
 */
export type Tool =
  | { readonly path: string; readonly reason: null }
  | { readonly path: null; readonly reason: string };

/** gVisor's program, or why there is none here. */
export const lookForRunsc = (): Promise<Tool> =>
  once("runsc", (place) => path.join(place, "bin", "runsc"), setupRunsc);

export const findRunsc = async (): Promise<string | null> => (await lookForRunsc()).path;

/** The directory of what machines start from, or why there is none here. */
export const lookForMachineImage = (): Promise<Tool> =>
  once("machine", findMachine, buildMachineImage);

export const findMachineImage = async (): Promise<string | null> =>
  (await lookForMachineImage()).path;

/** One of another recipe is of an earlier day of this checkout. */
function findMachine(place: string): string | null {
  try {
    const image = realpathSync(toMachinePlace(place));
    const text = readFileSync(path.join(image, "image.json"), "utf8");
    return (JSON.parse(text) as { recipe?: string }).recipe === machineRecipe ? image : null;
  } catch {
    return null;
  }
}

type Setup = (
  workshop: Workshop,
) => Promise<Missing | { readonly kind: "made"; readonly path: string }>;

/** Longer than a machine image takes on a busy machine. */
const waitMs = 10 * 60_000;
/** A mirror that was not there a moment ago is not asked by every test file again. */
const forgetMs = 10 * 60_000;

async function once(
  name: string,
  find: (place: string) => string | null,
  setup: Setup,
): Promise<Tool> {
  if (process.platform !== "linux") return none(`there is none for ${process.platform}`);
  const place = openPlace();
  const isThere = (): Tool | null => {
    const found = find(place);
    return found !== null && statSync(found, { throwIfNoEntry: false }) !== undefined
      ? { path: found, reason: null }
      : null;
  };
  const there = isThere();
  if (there !== null) return there;
  const lock = path.join(place, `${name}.lock`);
  if (!(await takeLock(lock))) return none(`another test made ${name} for too long`);
  try {
    return isThere() ?? readFailure(place, name) ?? (await make(place, name, setup));
  } finally {
    rmSync(lock, { force: true });
  }
}

async function make(place: string, name: string, setup: Setup): Promise<Tool> {
  const say = (line: string) => void process.stderr.write(`${name} for tests: ${line}\n`);
  const workshop = {
    directory: place,
    path: `${process.env["PATH"] ?? ""}:/usr/bin:/bin:/usr/sbin:/sbin`,
    proxies: readProxies(),
    random: systemRandom,
    onStep: say,
  };
  const made = await setup(workshop).catch((error: unknown) => error);
  if (made instanceof Error || !isEnd(made)) return keepFailure(place, name, String(made));
  if (made.kind === "made") return { path: made.path, reason: null };
  return keepFailure(place, name, made.reason);
}

const isEnd = (made: unknown): made is Awaited<ReturnType<Setup>> =>
  typeof made === "object" && made !== null && "kind" in made;

const readProxies = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && /^(?:https?|no|all)_proxy$/i.test(name) ? [[name, value]] : [],
    ),
  );

const none = (reason: string): Tool => ({ path: null, reason });

/** One a user, as the temporary directory is everybody's: what another user put there is not run. */
function openPlace(): string {
  const user = process.getuid?.() ?? 0;
  const place = path.join(tmpdir(), `countersign-sandboxes-${user}`);
  mkdirSync(place, { recursive: true });
  // A link would have its target opened to everybody.
  const stats = lstatSync(place);
  const { uid, mode } = stats;
  if (!stats.isDirectory() || uid !== user)
    throw new Error(`${place} is not this user's own folder`);
  if ((mode & 0o777) !== 0o755) chmodSync(place, 0o755);
  return place;
}

function readFailure(place: string, name: string): Tool | null {
  const file = path.join(place, `${name}.failed`);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined || systemClock.nowMs() - stats.mtimeMs > forgetMs) return null;
  return none(readFileSync(file, "utf8"));
}

function keepFailure(place: string, name: string, reason: string): Tool {
  writeFileSync(path.join(place, `${name}.failed`), reason);
  return none(reason);
}

/** Two that find the same stale lock may both make it, which costs time and nothing else. */
async function takeLock(lock: string): Promise<boolean> {
  const until = systemClock.monotonicMs() + waitMs;
  while (systemClock.monotonicMs() < until) {
    try {
      writeFileSync(lock, JSON.stringify(readOwner()), { flag: "wx" });
      return true;
    } catch {
      const holder = readHolder(lock);
      if (holder !== null && isGone(holder)) rmSync(lock, { force: true });
      else await systemClock.sleep(250);
    }
  }
  return false;
}

function readHolder(lock: string): Owner | null {
  try {
    return JSON.parse(readFileSync(lock, "utf8")) as Owner;
  } catch {
    return null;
  }
}
