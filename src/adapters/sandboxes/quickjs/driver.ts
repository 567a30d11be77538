import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { SandboxLimits } from "../../../model/sandbox.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Random } from "../../../ports/random.ts";
import type { Sandbox, SandboxDriver, SandboxProbe, SandboxSpec } from "../../../ports/sandbox.ts";
import { fail, toStartFault } from "../host/fail.ts";
import { findPrograms, type Missing } from "../host/find-programs.ts";
import { findGroupPlaces, type GroupPlaces } from "../host/group-places.ts";
import { createGroup, type Group } from "../host/groups.ts";
import { closeInherited } from "../host/inherited.ts";
import { findBarrier } from "../host/judge-mounts.ts";
import { seeOffUser } from "../host/living.ts";
import { readOwner, drawGroupName, type Owner } from "../host/owner.ts";
import { openStreams, type Streams } from "../host/streams.ts";
import { sweepHost } from "../host/sweep-host.ts";
import { createOwnUids, type UidRange, type Uids } from "../host/uids.ts";
import { launch, packages, readable, type Programs } from "./launch.ts";
import { probeQuickjs } from "./probe.ts";
import { mostCodeBytes, toOrder } from "./protocol.ts";
import { QuickjsSandbox } from "./quickjs-sandbox.ts";

export interface QuickjsOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** For a server that runs as root; null: the process runs as the user that we are. Nobody else's. */
  readonly uids: UidRange | null;
  /** Of the Node that runs the interpreter. */
  readonly nodePath: string;
  /** Where programs are looked for, as in PATH. */
  readonly path: string;
  /** Where groups for limits may be made, if not where this machine lets us. */
  readonly findGroups?: () => GroupPlaces;
}

/** What this machine has for it. */
interface Ground {
  readonly kind: "ground";
  readonly programs: Programs;
  readonly groups: GroupPlaces;
  readonly owner: Owner;
  /** What takes the network from a program; empty: this system lets nobody do it. */
  readonly alone: readonly string[];
}

/** What the process takes besides what the code makes: a Node, and the interpreter in it. */
const ownBytes = 384 * 1024 * 1024;
/** The threads of a Node. */
const ownProcesses = 32;
/** The interpreter counts in 32 bits, of which it takes half. */
const mostMemoryBytes = 2 * 1024 * 1024 * 1024 - 1;

/** T0: JavaScript in an interpreter that gives it nothing, in a process that can be killed. */
export function createQuickjsDriver(options: QuickjsOptions): SandboxDriver {
  return new QuickjsDriver(options);
}

class QuickjsDriver implements SandboxDriver {
  readonly name = "quickjs";
  readonly tier = "T0";
  readonly #options: QuickjsOptions;
  readonly #uids: Uids | null;
  #ground: Promise<Ground | Missing> | null = null;

  constructor(options: QuickjsOptions) {
    this.#options = options;
    this.#uids = createOwnUids(options.uids, options.random);
  }

  async probe(): Promise<SandboxProbe> {
    try {
      // What was missing may have been installed since.
      this.#ground = null;
      const ground = await this.#readGround();
      if (ground.kind === "missing") return ground;
      const { clock } = this.#options;
      return await probeQuickjs({
        groups: ground.groups,
        isAlone: ground.alone.length > 0,
        clock,
        start: (spec) => this.start(spec),
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: "missing", reason, fix: null };
    }
  }

  async start(spec: SandboxSpec): Promise<Sandbox> {
    const code = judge(spec);
    try {
      const ground = await this.#readGround();
      if (ground.kind === "missing") throw fail(`No sandbox can be made here: ${ground.reason}.`);
      return await this.#launch(ground, code, spec.limits);
    } catch (error) {
      throw toStartFault(error);
    }
  }

  async sweep(): Promise<void> {
    const ground = await this.#readGround();
    if (ground.kind === "missing") return;
    const { clock, uids: range } = this.#options;
    await sweepHost({ range, uids: this.#uids, groups: ground.groups, clock });
  }

  #readGround(): Promise<Ground | Missing> {
    this.#ground ??= readGround(this.#options);
    return this.#ground;
  }

  async #launch(
    { programs, groups, owner, alone }: Ground,
    code: string,
    limits: SandboxLimits,
  ): Promise<Sandbox> {
    const { clock, random, nodePath } = this.#options;
    const name = drawGroupName(owner, random);
    const memoryBytes = Math.min(limits.memoryBytes, mostMemoryBytes);
    const uid = this.#uids?.take() ?? null;
    const giveBack = async (): Promise<readonly string[]> => {
      if (uid === null) return [];
      return seeOffUser(uid, clock).finally(() => this.#uids?.giveBack(uid));
    };
    let group: Group | null = null;
    let streams: Streams | null = null;
    try {
      streams = await openStreams(programs.mkfifo, name);
      const outer = { ...limits, memoryBytes: memoryBytes + ownBytes, processes: ownProcesses };
      group = createGroup(groups, { name, limits: outer, clock });
      const { directories } = group;
      const child = launch({
        programs,
        nodePath,
        alone,
        groups: directories,
        uid,
        streams: streams.given,
      });
      streams.release();
      const order = toOrder(code, { memoryBytes, isAlone: alone.length > 0 });
      return new QuickjsSandbox({ child, streams, group, clock, order, onEnded: giveBack });
    } catch (error) {
      streams?.destroy();
      await group?.remove();
      await giveBack();
      throw error;
    }
  }
}

async function readGround(options: QuickjsOptions): Promise<Ground | Missing> {
  const { path, nodePath, uids, findGroups = findGroupPlaces } = options;
  const isRoot = process.getuid?.() === 0;
  if (process.platform !== "linux")
    return missing(`there is nothing to hold a process with on ${process.platform} yet`);
  if (isRoot && uids === null)
    return missing("it runs as root, and has no users to run sandboxes as");
  const programs = await findPrograms(path, packages);
  if ("kind" in programs) return programs;
  for (const file of isRoot ? [nodePath, ...readable] : []) {
    const barrier = await findBarrier(file, uids!.first);
    if (barrier !== null)
      return missing(`${file} cannot be read by another user: ${barrier} lets none in`);
  }
  // They would be handed on to every program from here on.
  closeInherited();
  return {
    kind: "ground",
    programs,
    groups: findGroups(),
    owner: readOwner(),
    alone: await findAlone(programs),
  };
}

const run = promisify(execFile);
/** A system that starts a shell more slowly does not answer. */
const trialMs = 10_000;

/** Found out by doing it: whether it may be done is said in too many places. */
async function findAlone({ unshare, sh }: Programs): Promise<readonly string[]> {
  const asUser = process.getuid?.() === 0 ? [] : ["--user"];
  const options = [...asUser, "--net", "--ipc", "--"];
  try {
    await run(unshare, [...options, sh, "-c", ":"], { env: {}, timeout: trialMs });
    return [unshare, ...options];
  } catch {
    return [];
  }
}

const missing = (reason: string): Missing => ({ kind: "missing", reason, fix: null });

/** Gives the code. What could not be given to it is refused, so that nobody counts on it. */
function judge(spec: SandboxSpec): string {
  const [language, code, ...rest] = spec.command;
  if (language !== "javascript" || code === undefined || rest.length > 0)
    throw fail("T0 runs no programs: its command is `javascript` and the code.");
  if (Buffer.byteLength(code) > mostCodeBytes)
    throw fail(`T0 takes ${mostCodeBytes} bytes of code at most.`);
  const { mounts, directory, environment, onConnection, authority } = spec;
  if (mounts.length > 0 || directory !== null)
    throw fail("T0 has no files, so none can be mounted, and it starts in no directory.");
  if (Object.keys(environment).length > 0) throw fail("T0 has no environment variables.");
  if (onConnection !== null || authority !== null)
    throw fail("T0 has no network, so it reaches nothing and trusts nobody.");
  return code;
}
