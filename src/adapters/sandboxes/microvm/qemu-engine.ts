import { createWriteStream, closeSync, openSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { Clock } from "../../../ports/clock.ts";
import type { Engine, Restoring } from "./engine.ts";
import type { Instance } from "./instances.ts";
import { launch, type Launch, type Seen } from "./launch.ts";
import { Machine } from "./machine.ts";
import { openMonitor, saveTo } from "./monitor.ts";
import {
  descriptors,
  savePath,
  toBootArguments,
  toQemuKey,
  toRestoreArguments,
} from "./qemu-arguments.ts";
import type { Host } from "./read-host.ts";
import { withShortPath } from "./short-path.ts";
import { inside, type MachineShape } from "./shape.ts";
import type { Template } from "./templates.ts";

const mostSnapshotBytes = 20 * 1024 * 1024 * 1024;

/** A machine type without anything of an old computer, as QEMU has it. */
export function createQemuEngine(host: Host, clock: Clock): Engine {
  const start = (instance: Instance, rest: Pick<Launch, "seen" | "command" | "stdio">): Machine => {
    const { group, become } = instance;
    const child = launch({
      programs: host.programs,
      system: host.system,
      groups: group.directories,
      become,
      ...rest,
    });
    return new Machine({ child, group, clock, remove: () => instance.remove() });
  };
  const toSeen = ({ accelerator }: MachineShape, pack: string): readonly Seen[] => [
    { kind: "read", source: host.image.directory, path: inside.image },
    { kind: "read", source: pack, path: inside.pack },
    ...(accelerator === "kvm" ? [{ kind: "device", source: kvm, path: kvm } as const] : []),
  ];

  return {
    version: host.version,
    toKey: toQemuKey,
    files: ["snapshot"],
    accelerators: ["kvm", "tcg"],
    boot: (shape, instance) => {
      const machine = start(instance, {
        seen: [
          ...toSeen(shape, path.join(instance.directory, "pack")),
          { kind: "write", source: instance.directory, path: inside.machine },
        ],
        command: [host.program, ...toBootArguments(shape)],
        stdio: ["ignore", "pipe", "pipe", "ignore", "pipe", "pipe"],
      });
      return {
        machine,
        greets: true,
        connect: () => Promise.resolve(machine.connection(descriptors.guest)),
        save: (into: string) => save(machine, { instance, into, clock }),
      };
    },
    restore: (template: Template, { shape, instance, pack }: Restoring) => {
      // Handed over open, to be read alone: no machine reaches the file that the next one begins with.
      const snapshot = openSync(path.join(template.directory, "snapshot"), "r");
      try {
        const machine = start(instance, {
          seen: toSeen(shape, pack),
          command: [host.program, ...toRestoreArguments(shape)],
          stdio: ["ignore", "ignore", "pipe", snapshot, "pipe"],
        });
        const socket = machine.connection(descriptors.guest);
        return { machine, greets: false, connect: () => Promise.resolve(socket) };
      } finally {
        closeSync(snapshot);
      }
    },
  };
}

const kvm = "/dev/kvm";

interface Saving {
  readonly instance: Instance;
  readonly into: string;
  readonly clock: Clock;
}

function save(machine: Machine, { instance, into, clock }: Saving): Promise<void> {
  return withShortPath(instance.directory, async (directory) => {
    const monitor = await openMonitor(machine.connection(descriptors.monitor));
    const { done, listening, close } = receive(
      path.join(directory, path.basename(savePath)),
      path.join(into, "snapshot"),
    );
    try {
      await listening;
      await saveTo(monitor, savePath, clock);
      await done;
    } finally {
      close();
    }
  });
}

/** QEMU connects here and writes all of the machine, once. */
function receive(socket: string, file: string) {
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const server = createServer((connection) => {
    server.close();
    let bytes = 0;
    connection.on("data", (chunk) => {
      bytes += chunk.length;
      if (bytes > mostSnapshotBytes) connection.destroy(new Error("it is too large"));
    });
    pipeline(connection, createWriteStream(file, { mode: 0o644 })).then(resolve, reject);
  });
  const listening = new Promise<void>((ready, failed) => {
    server.once("error", failed);
    server.listen(socket, () => {
      // In a directory that nobody else sees.
      chmod(socket, 0o777).then(ready, failed);
    });
  });
  done.catch(() => undefined);
  return { listening, done, close: () => void server.close() };
}
