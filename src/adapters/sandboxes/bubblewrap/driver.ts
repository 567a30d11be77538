import type { Clock } from "../../../ports/clock.ts";
import type { Random } from "../../../ports/random.ts";
import type { Sandbox, SandboxDriver, SandboxProbe, SandboxSpec } from "../../../ports/sandbox.ts";
import { attachInTime } from "../host/attach-in-time.ts";
import { chooseUser, toPlannedUser, type User } from "../host/choose-user.ts";
import { fail, toStartFault } from "../host/fail.ts";
import { findGroupPlaces, type GroupPlaces } from "../host/group-places.ts";
import { createGroup, type Group } from "../host/groups.ts";
import { createBubblewrapSandbox } from "./bubblewrap-sandbox.ts";
import { launch } from "./launch.ts";
import { drawGroupName } from "../host/owner.ts";
import { noExtra, type Extra } from "../host/plan.ts";
import { planStart, type StartPlan } from "./plan-start.ts";
import { openStreams, type Streams } from "../host/streams.ts";
import { probeBubblewrap } from "./probe.ts";
import type { Missing } from "../host/find-programs.ts";
import { readHost, type Host } from "./read-host.ts";
import { sweepHost } from "../host/sweep-host.ts";
import { takeListener } from "./take-listener.ts";
import { createOwnUids, type UidRange, type Uids } from "../host/uids.ts";

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
    this.#uids = createOwnUids(options.uids, options.random);
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
    try {
      return (await this.#start(spec, noExtra)).sandbox;
    } catch (error) {
      throw toStartFault(error);
    }
  }

  async sweep(): Promise<void> {
    const host = await this.#readHost();
    if (host.kind === "missing") return;
    const { clock, uids: range } = this.#options;
    await sweepHost({ range, uids: this.#uids, groups: host.groups, clock });
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
      user: toPlannedUser(this.#uids, spec),
    });
    const user = await chooseUser(this.#uids, plan.box, this.#options.clock);
    const sandbox = await this.#launch({ host, plan, spec, user });
    const { child, outside } = sandbox;
    if (spec.onConnection !== null) {
      const opening = takeListener(child, plan.environment, spec.onConnection);
      await attachInTime(outside, opening, this.#options.clock);
    }
    return { sandbox: outside, uid: user.uid };
  }

  async #launch({ host, plan, spec, user }: Launching) {
    const { clock, random } = this.#options;
    const name = drawGroupName(host.owner, random);
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
      const outside = createBubblewrapSandbox({ child, streams, group, clock, onEnded });
      return { child, outside };
    } catch (error) {
      streams?.destroy();
      await group?.remove();
      await user.giveBack();
      throw error;
    }
  }
}

interface Started {
  readonly sandbox: Sandbox;
  /** Whom it runs as on the host. */
  readonly uid: number;
}

interface Launching {
  readonly host: Host;
  readonly plan: StartPlan;
  readonly spec: SandboxSpec;
  readonly user: User;
}
