import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import type { Sandbox, SandboxDriver, SandboxProbe, SandboxSpec } from "../../ports/sandbox.ts";
import { BubblewrapSandbox } from "./bubblewrap-sandbox.ts";
import { fail } from "./fail.ts";
import { giveWritable } from "./give-writable.ts";
import { findGroupPlaces, type GroupPlaces } from "./group-places.ts";
import { createGroup, sweepGroups, type Group } from "./groups.ts";
import { findBarrier } from "./judge-mounts.ts";
import { launch } from "./launch.ts";
import { toGroupName } from "./owner.ts";
import { planStart, type Extra, type StartPlan } from "./plan-start.ts";
import { openStreams, sweepStreams, type Streams } from "./streams.ts";
import { probeBubblewrap } from "./probe.ts";
import type { Missing } from "./programs.ts";
import { readHost, type Host } from "./read-host.ts";
import { sweepUsers } from "./sweep-users.ts";
import { takeListener, type Outlet } from "./take-listener.ts";
import { createUids, type UidRange, type Uids } from "./uids.ts";

export interface BubblewrapOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Absolute paths of the host that no sandbox ever sees: our data, our keys. */
  readonly hidden: readonly string[];
  /** For a server that runs as root; null: sandboxes run as the user that we are. */
  readonly uids: UidRange | null;
  /** Of the Node that runs our own part in a sandbox. */
  readonly nodePath: string;
  /** Where programs are looked for, as in PATH. */
  readonly path: string;
  /** Where groups for limits may be made, if not where this machine lets us. */
  readonly findGroups?: () => GroupPlaces;
}

/** From the start of our own part until its listener is here. */
const listenerMs = 20_000;
const groupIdBytes = 8;
/** The number of a user that owns nothing: where it may go, everybody may. */
const nobodys = 0xffff_fffe;
/** Of a sandbox that did not come up. */
const mostSaid = 500;
const saidMs = 200;

export function createBubblewrapDriver(options: BubblewrapOptions): SandboxDriver {
  return new BubblewrapDriver(options);
}

/** T1: namespaces, a filter of system calls and limits, by programs that every Linux has. */
class BubblewrapDriver implements SandboxDriver {
  readonly name = "bubblewrap";
  readonly tier = "T1";
  readonly #options: BubblewrapOptions;
  readonly #uids: Uids | null;
  #host: Promise<Host | Missing> | null = null;

  constructor(options: BubblewrapOptions) {
    this.#options = options;
    const isRoot = process.getuid?.() === 0;
    const { uids, random } = options;
    this.#uids = isRoot && uids !== null ? createUids(uids, random) : null;
  }

  async probe(): Promise<SandboxProbe> {
    const { clock, nodePath } = this.#options;
    try {
      // What was missing may have been installed since.
      this.#host = null;
      const host = await this.#readHost();
      return await probeBubblewrap({
        host,
        clock,
        nodePath,
        start: (spec, extra) => this.#start(spec, extra),
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: "missing", reason: `this machine cannot be looked at (${reason})`, fix: null };
    }
  }

  async start(spec: SandboxSpec): Promise<Sandbox> {
    return (await this.#start(spec, { placed: [], programs: [] })).sandbox;
  }

  async sweep(): Promise<void> {
    const host = await this.#readHost();
    if (host.kind === "missing") return;
    const { clock, uids } = this.#options;
    if (uids !== null && this.#uids !== null) sweepUsers(uids, this.#uids.taken);
    await sweepStreams();
    const remains = await sweepGroups(host.groups, clock);
    if (remains.length > 0)
      throw fail(`What is left of earlier sandboxes stays: ${remains.join(", ")}`);
  }

  #readHost(): Promise<Host | Missing> {
    const { path, uids, findGroups = findGroupPlaces } = this.#options;
    this.#host ??= readHost({ path, uids, findGroups });
    return this.#host;
  }

  async #start(spec: SandboxSpec, extra: Extra): Promise<Started> {
    const host = await this.#readHost();
    if (host.kind === "missing") throw fail(`No sandbox can be made here: ${host.reason}.`);
    const plan = await planStart(spec, {
      ...this.#options,
      host,
      extra,
      user: this.#toPlannedUser(spec),
    });
    const user = await this.#chooseUser(spec, plan);
    const sandbox = await this.#launch({ host, plan, spec, user });
    const { child, outside } = sandbox;
    if (spec.onConnection === null) return { sandbox: outside, uid: user.uid };
    const listening = takeListener(child, plan.environment, spec.onConnection);
    try {
      outside.attach(await this.#inTime(listening));
    } catch (error) {
      // One that comes too late is closed as well.
      listening.then(
        (late) => late.close(),
        () => undefined,
      );
      throw fail(await explainEnd(outside, this.#options.clock), error);
    }
    return { sandbox: outside, uid: user.uid };
  }

  #toPlannedUser({ mounts }: SandboxSpec): number {
    if (this.#uids === null) return process.getuid!();
    return mounts.some((mount) => mount.isWritable) ? this.#uids.writer : nobodys;
  }

  /** Root runs none as root; what may be written has to be given to whom it runs as, first. */
  async #chooseUser({ mounts }: SandboxSpec, { box }: StartPlan): Promise<User> {
    const uids = this.#uids;
    if (uids === null) return { uid: process.getuid!(), become: null, giveBack: () => undefined };
    const writable = mounts.filter((mount) => mount.isWritable);
    const sources = box.placed.flatMap((one) => (one.kind === "bind" ? [one.source] : []));
    const uid = writable.length > 0 ? uids.writer : uids.take();
    const giveBack = () => uids.giveBack(uid);
    try {
      const except = box.covers.map((cover) => cover.path);
      for (const { path } of writable) await giveWritable(path, { uid, except });
      for (const path of [...sources, ...mounts.map((mount) => mount.path)]) {
        const barrier = await findBarrier(path, uid);
        if (barrier !== null)
          throw fail(`${path} cannot be mounted: ${barrier} lets no other user in.`);
      }
      return { uid, become: uid, giveBack };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  async #launch({ host, plan, spec, user }: Launching) {
    const { clock, random } = this.#options;
    const name = toGroupName(host.owner, Buffer.from(random.bytes(groupIdBytes)).toString("hex"));
    let group: Group | null = null;
    let streams: Streams | null = null;
    try {
      streams = await openStreams(host.programs.mkfifo, name);
      group = createGroup(host.groups, { name, limits: spec.limits, clock });
      const { box, command } = plan;
      const child = launch({
        programs: host.programs,
        filter: host.filter,
        groups: group.directories,
        uid: user.become,
        box,
        command,
        streams: streams.given,
        hasChannel: spec.onConnection !== null,
      });
      streams.release();
      const onEnded = user.giveBack;
      const outside = new BubblewrapSandbox({ child, streams, group, clock, onEnded });
      return { child, outside };
    } catch (error) {
      user.giveBack();
      streams?.destroy();
      await group?.remove();
      if (error instanceof Fault) throw error;
      const { message } = error as Error;
      throw fail(`The sandbox cannot be started (${message}).`, error);
    }
  }

  async #inTime(listening: Promise<Outlet>): Promise<Outlet> {
    const done = new AbortController();
    const late = this.#options.clock.sleep(listenerMs, done.signal).then(
      () => Promise.reject(fail("Its listener is not here in time.")),
      () => listening,
    );
    return Promise.race([listening, late]).finally(() => done.abort());
  }
}

/** Our own part says what it lacks, or bwrap does. */
async function explainEnd(sandbox: Sandbox, clock: Clock): Promise<string> {
  let said = "";
  sandbox.stderr.on("data", (chunk: Buffer) => {
    said = `${said}${chunk.toString("utf8")}`.slice(0, mostSaid);
  });
  const closed = new Promise((resolve) => sandbox.stderr.once("close", resolve));
  sandbox.kill();
  const { reason } = await sandbox.ended;
  await Promise.race([closed, clock.sleep(saidMs)]);
  return `The sandbox ${reason} before its program began. It said: ${said.trim() || "nothing"}`;
}

interface Started {
  readonly sandbox: Sandbox;
  /** Whom it runs as on the host. */
  readonly uid: number;
}

interface User {
  readonly uid: number;
  /** Null: we are that user already. */
  readonly become: number | null;
  readonly giveBack: () => void;
}

interface Launching {
  readonly host: Host;
  readonly plan: StartPlan;
  readonly spec: SandboxSpec;
  readonly user: User;
}
