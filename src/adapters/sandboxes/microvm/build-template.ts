import { chown, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../../../ports/clock.ts";
import { fail } from "../host/fail.ts";
import { GuestLink } from "./guest-link.ts";
import { warmUps } from "./box.ts";
import type { Booting, Engine } from "./engine.ts";
import { kinds } from "./guest/frames.ts";
import type { OwnPart } from "./initrd.ts";
import type { Instance } from "./instances.ts";
import { makeEmptyPack } from "./pack-mounts.ts";
import type { Host } from "./read-host.ts";
import type { MachineShape } from "./shape.ts";

/** Of all its memory that is used, to a disk that others use, too. */
const saveMs = 120_000;

export interface Building {
  readonly engine: Engine;
  readonly host: Host;
  readonly own: OwnPart;
  readonly instance: Instance;
  readonly clock: Clock;
  /** How long it may take to boot. */
  readonly bootMs: number;
}

/** Boots a machine, has its guest get ready, and writes down what it is by then. */
export async function buildTemplate(
  shape: MachineShape,
  into: string,
  building: Building,
): Promise<void> {
  const { clock, bootMs, instance } = building;
  const pack = path.join(instance.directory, "pack");
  const booting = await boot(shape, pack, building);
  try {
    await inTime(clock, bootMs, () => getReady(booting));
    await inTime(clock, saveMs, () => booting.save(into));
    await rename(pack, path.join(into, "pack"));
    await chown(path.join(into, "pack"), process.getuid!(), process.getgid!());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const said = booting.machine.said.slice(-500) || "it said nothing";
    throw fail(`A machine does not start (${why}): ${said}`, error);
  } finally {
    await booting.machine.remove();
  }
}

/** Leaves nothing of the instance where it throws. */
async function boot(
  shape: MachineShape,
  pack: string,
  { engine, host, own, instance }: Building,
): Promise<Booting> {
  try {
    const initrd = await readFile(path.join(host.image.directory, "initrd"));
    const whole = Buffer.concat([initrd, own.archive]);
    // In a directory that only the machine's own user sees.
    await writeFile(path.join(instance.directory, "initrd"), whole, { mode: 0o644 });
    await makeEmptyPack(pack);
    return engine.boot(shape, instance);
  } catch (error) {
    await instance.group.remove();
    await instance.remove();
    throw error;
  }
}

async function getReady({ connect }: Booting): Promise<void> {
  const link = new GuestLink({ socket: await connect(), onConnection: null });
  await link.expect(kinds.ready);
  for (const request of warmUps) {
    const refused = await link.start(request);
    if (refused !== null) throw new Error(refused);
  }
}

async function inTime(clock: Clock, withinMs: number, work: () => Promise<void>): Promise<void> {
  const done = new AbortController();
  const late = clock.sleep(withinMs, done.signal).then(
    () => Promise.reject(new Error(`it is not ready within ${withinMs / 1_000} s`)),
    () => undefined,
  );
  await Promise.race([work(), late]).finally(() => done.abort());
}
