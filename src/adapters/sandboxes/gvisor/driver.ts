import { tmpdir } from "node:os";
import path from "node:path";
import type { SandboxLimits } from "../../../model/sandbox.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Random } from "../../../ports/random.ts";
import type { Sandbox, SandboxDriver, SandboxProbe, SandboxSpec } from "../../../ports/sandbox.ts";
import { attachInTime } from "../host/attach-in-time.ts";
import { chooseUser, toPlannedUser, type User } from "../host/choose-user.ts";
import { fail, toStartFault } from "../host/fail.ts";
import type { Missing } from "../host/find-programs.ts";
import { findGroupPlaces, type GroupPlaces } from "../host/group-places.ts";
import { createGroup, type Group } from "../host/groups.ts";
import { drawGroupName } from "../host/owner.ts";
import { noExtra, planSandbox, type Extra } from "../host/plan.ts";
import { openStreams, type Streams } from "../host/streams.ts";
import { sweepHost } from "../host/sweep-host.ts";
import { createOwnUids, type UidRange, type Uids } from "../host/uids.ts";
import { toBooted, withBoot } from "./booted.ts";
import type { Box } from "./bundle.ts";
import { carryConnections } from "./carry.ts";
import { createGvisorSandbox } from "./gvisor-sandbox.ts";
import { sweepInstances } from "./instances.ts";
import { channelOf, launch } from "./launch.ts";
import { layOut, type Instance } from "./lay-out.ts";
import { probeGvisor } from "./probe.ts";
import { readHost, type Host } from "./read-host.ts";

export interface GvisorOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Absolute paths of the host that no sandbox ever sees: our data, our keys. */
  readonly hidden: readonly string[];
  /** For a server that runs as root; null: sandboxes run as the user that we are. Nobody else's. */
  readonly uids: UidRange | null;
  /** Of the Node that runs our own part in a sandbox. */
  readonly nodePath: string;
  /** Where runsc may lie besides: paths, the best first. */
  readonly runsc: readonly string[];
  /** Where programs are looked for, as in PATH. */
  readonly path: string;
  /** Where groups for limits may be made, if not where this machine lets us. */
  readonly findGroups?: () => GroupPlaces;
}

export function createGvisorDriver(options: GvisorOptions): SandboxDriver {
  return new GvisorDriver(options);
}

/** T2: a kernel of its own in user space, between the program and the host's. */
class GvisorDriver implements SandboxDriver {
  readonly name = "gvisor";
  readonly tier = "T2";
  readonly #options: GvisorOptions;
  readonly #uids: Uids | null;
  #host: Promise<Host | Missing> | null = null;

  constructor(options: GvisorOptions) {
    this.#options = options;
    this.#uids = createOwnUids(options.uids, options.random);
  }

  async probe(): Promise<SandboxProbe> {
    const { clock, nodePath } = this.#options;
    try {
      // What was missing may have been installed since.
      this.#host = null;
      const host = await this.#readHost();
      return await probeGvisor({
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
    try {
      return (await this.#start(spec, noExtra)).sandbox;
    } catch (error) {
      throw toStartFault(error);
    }
  }

  async sweep(): Promise<void> {
    const host = await this.#readHost();
    if (host.kind === "missing") return;
    sweepInstances();
    const { clock, uids: range } = this.#options;
    await sweepHost({ range, uids: this.#uids, groups: host.groups, clock });
  }

  #readHost(): Promise<Host | Missing> {
    const { findGroups = findGroupPlaces } = this.#options;
    this.#host ??= readHost({ ...this.#options, findGroups });
    return this.#host;
  }

  async #start(spec: SandboxSpec, extra: Extra): Promise<Started> {
    const host = await this.#readHost();
    if (host.kind === "missing") throw fail(`No sandbox can be made here: ${host.reason}.`);
    const { nodePath, clock } = this.#options;
    const { onConnection, limits } = spec;
    const hasProxy = onConnection !== null;
    const plan = await planSandbox(spec, {
      ...this.#options,
      system: host.system,
      extra: hasProxy ? withBoot(extra, nodePath) : extra,
      user: toPlannedUser(this.#uids, spec),
    });
    refuseZeroBytes([...plan.command, ...Object.entries(plan.environment).flat()]);
    const box = hasProxy ? toBooted(plan, limits) : { ...plan, limits };
    const user = await chooseUser(this.#uids, plan, clock);
    const { child, sandbox } = await this.#launch({ host, box, user, limits, hasProxy });
    if (hasProxy) {
      const { environment } = plan;
      const opening = carryConnections(channelOf(child), { environment, onConnection });
      await attachInTime(sandbox, opening, clock);
    }
    return { sandbox, uid: user.uid };
  }

  async #launch({ host, box, user, limits, hasProxy }: Launching) {
    const { clock, random } = this.#options;
    const name = drawGroupName(host.owner, random);
    const made: Made = { group: null, streams: null, instance: null };
    try {
      const streams = (made.streams = await openStreams(host.programs.mkfifo, name));
      const folder = path.join(tmpdir(), name);
      const instance = (made.instance = await layOut({ folder, box, uid: user.uid }));
      const { pids } = host.groups;
      const wide = { ...limits, processes: toHostProcesses(box.limits.processes) };
      const group = (made.group = uncounted(
        createGroup(host.groups, { name, limits: wide, clock }),
        pids !== null,
      ));
      const spec = { ...host, groups: group.directories, uid: user.become, instance, box };
      const child = launch(spec, streams.given, hasProxy);
      streams.release();
      const onEnded = async () => [...(await user.giveBack()), ...(await instance.remove())];
      const sandbox = createGvisorSandbox({ spec, child, streams, group, clock, onEnded });
      return { child, sandbox };
    } catch (error) {
      made.streams?.destroy();
      await made.group?.remove();
      await user.giveBack();
      await made.instance?.remove();
      throw error;
    }
  }
}

/** On the host a process of the program's is up to four, and gVisor has some dozens of its own. */
const toHostProcesses = (processes: number): number => 4 * processes + 200;

/** What the group refuses is no process of the program's: those are refused inside. */
function uncounted(group: Group, isCounted: boolean): Group {
  if (!isCounted) return group;
  return { ...group, readUsage: () => ({ ...group.readUsage(), refusedProcesses: null }) };
}

function refuseZeroBytes(texts: readonly string[]): void {
  if (texts.some((text) => text.includes("\0")))
    throw fail("A path or a variable of a sandbox holds a zero byte.");
}

interface Started {
  readonly sandbox: Sandbox;
  /** Whom it runs as on the host. */
  readonly uid: number;
}

interface Made {
  group: Group | null;
  streams: Streams | null;
  instance: Instance | null;
}

interface Launching {
  readonly host: Host;
  readonly box: Omit<Box, "nothing">;
  readonly user: User;
  readonly limits: SandboxLimits;
  readonly hasProxy: boolean;
}
