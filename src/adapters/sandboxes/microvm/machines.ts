import path from "node:path";
import type { Clock } from "../../../ports/clock.ts";
import type { Random } from "../../../ports/random.ts";
import type { Mount, Sandbox, SandboxSpec } from "../../../ports/sandbox.ts";
import { fail } from "../host/fail.ts";
import type { Uids } from "../host/uids.ts";
import { GuestLink } from "./guest-link.ts";
import { buildTemplate } from "./build-template.ts";
import { chooseAccelerator } from "./choose-accelerator.ts";
import type { Engine, Running } from "./engine.ts";
import { kinds } from "./guest/frames.ts";
import type { StartRequest } from "./guest/start-request.ts";
import { toOwnPart } from "./initrd.ts";
import { makeInstance, toInstanceName, type Instance } from "./instances.ts";
import { MachineSandbox } from "./machine-sandbox.ts";
import { packMounts } from "./pack-mounts.ts";
import type { Host } from "./read-host.ts";
import type { Accelerator, MachineShape } from "./shape.ts";
import { createTemplates, type Templates } from "./templates.ts";

export interface MachinesOptions {
  readonly engine: Engine;
  readonly host: Host;
  readonly uids: Uids | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly hidden: readonly string[];
  /** Where machines have what is theirs, and where templates are kept. */
  readonly instances: string;
  readonly templates: string;
  readonly note: (text: string) => void;
}

/** Machines of this host, each for one program. */
export interface Machines {
  readonly kind: "machines";
  readonly host: Host;
  readonly accelerator: Accelerator;
  start(spec: SandboxSpec, request: StartRequest): Promise<Sandbox>;
}

/** A host that plays the processor takes some seconds for it, and several where others are busy. */
const bootMs = { tcg: 120_000, kvm: 10_000 } as const;
const startMs = 60_000;
const mebibyte = 1024 * 1024;
/** What a machine has besides its program: a kernel, the guest, and what was read from disks. */
const guestMebibytes = 128;
const leastMebibytes = 256;
const mostMebibytes = 16 * 1024;
/** What the machine itself uses of its processor while its program does. */
const ownMillis = 100;

/** Throws where no machine boots. */
export async function openMachines(options: MachinesOptions): Promise<Machines> {
  const { engine, host, clock } = options;
  const own = toOwnPart();
  const build = async (shape: MachineShape, into: string): Promise<void> => {
    const instance = await toInstance(options, shape.memoryMebibytes, []);
    const within = bootMs[shape.accelerator];
    await buildTemplate(shape, into, { engine, host, own, instance, clock, bootMs: within });
  };
  const base = [host.image.digest, own.digest, engine.version, host.processor].join("\n");
  const templates = createTemplates({
    directory: options.templates,
    toDraft: () => path.join(options.instances, toInstanceName(options)),
    base,
    toShapeKey: (shape) => engine.toKey(shape),
    files: engine.files,
    build,
    note: options.note,
  });
  const accelerator = await chooseAccelerator({
    directory: options.templates,
    base: `${host.image.digest} ${engine.version}`,
    accelerators: engine.accelerators,
    tryIt: (one) => templates.take({ accelerator: one, memoryMebibytes: leastMebibytes }),
  });
  const starting = { ...options, templates, accelerator };
  return {
    kind: "machines",
    host,
    accelerator,
    start: (spec, request) => start(spec, request, starting),
  };
}

/** Of few sizes, since each has a template of its own; what is not used takes no room. */
function toMemory(memoryBytes: number): number {
  const needed = memoryBytes / mebibyte + guestMebibytes;
  const size = 2 ** Math.ceil(Math.log2(Math.max(needed, leastMebibytes)));
  if (size > mostMebibytes)
    throw fail(`A machine has ${mostMebibytes - guestMebibytes} MiB for its program at most.`);
  return size;
}

const toInstance = (
  { host, uids, clock, random, instances }: Omit<MachinesOptions, "templates">,
  memoryMebibytes: number,
  mounts: readonly Mount[],
): Promise<Instance> =>
  makeInstance({ host, uids, clock, random, parent: instances }, memoryMebibytes, mounts);

interface Starting extends Omit<MachinesOptions, "templates"> {
  readonly templates: Templates;
  readonly accelerator: Accelerator;
}

async function start(
  spec: SandboxSpec,
  request: StartRequest,
  starting: Starting,
): Promise<Sandbox> {
  const { engine, templates, accelerator, clock } = starting;
  const shape: MachineShape = { accelerator, memoryMebibytes: toMemory(spec.limits.memoryBytes) };
  const template = await templates.take(shape);
  const instance = await toInstance(starting, shape.memoryMebibytes, spec.mounts);
  const running = await restore();
  const { machine } = running;
  try {
    const link = await inTime(clock, () => begin(running, { spec, request, starting }));
    const cpuUsBefore = machine.group.readUsage().cpuUs;
    machine.group.limitCpu(spec.limits.cpuMillis + ownMillis);
    return new MachineSandbox({ machine, link, clock, cpuUsBefore });
  } catch (error) {
    await machine.remove();
    const said = machine.said === "" ? "" : ` It said: ${machine.said.slice(-500)}`;
    throw fail(`The machine did not start its program: ${(error as Error).message}.${said}`, error);
  }

  async function restore(): Promise<Running> {
    try {
      const { mounts } = spec;
      const pack =
        mounts.length === 0 ? template.pack : await packMounts(mounts, { ...starting, instance });
      return engine.restore(template, { shape, instance, pack });
    } catch (error) {
      await instance.group.remove();
      await instance.remove();
      throw error;
    }
  }
}

interface Beginning {
  readonly spec: SandboxSpec;
  readonly request: StartRequest;
  readonly starting: Starting;
}

/** Nothing of the program runs before the machine has time and chance of its own. */
async function begin(
  { connect, greets }: Running,
  { spec, request, starting: { clock, random } }: Beginning,
): Promise<GuestLink> {
  const link = new GuestLink({ socket: await connect(), onConnection: spec.onConnection });
  if (greets) await link.expect(kinds.ready);
  await link.attach(clock.nowMs(), random);
  const refused = await link.start(request);
  if (refused === null) return link;
  link.close();
  throw new Error(refused);
}

async function inTime<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = clock.sleep(startMs, done.signal).then(
    () => Promise.reject(new Error(`it takes longer than ${startMs / 1_000} s`)),
    () => Promise.reject(new Error("it was stopped")),
  );
  return Promise.race([work(), late]).finally(() => done.abort());
}
