import { chown, rename } from "node:fs/promises";
import { connect as dial, type Socket } from "node:net";
import path from "node:path";
import type { Duplex } from "node:stream";
import type { Clock } from "../../../ports/clock.ts";
import type { Engine, Running } from "./engine.ts";
import { api, send, type ApiRequest } from "./firecracker-api.ts";
import { vsockPort } from "./guest/init.ts";
import type { Instance } from "./instances.ts";
import { launch, type Seen } from "./launch.ts";
import { Machine } from "./machine.ts";
import type { Host } from "./read-host.ts";
import { withShortPath } from "./short-path.ts";
import { inside, type MachineShape } from "./shape.ts";

const kvm = "/dev/kvm";
const commandLine =
  "console=ttyS0 quiet loglevel=1 reboot=k panic=-1 pci=off random.trust_cpu=on countersign.wire=vsock";
const pauseMs = 20;
const mostPauses = 500;
const mostGreeting = 64;

/** Sockets of its own directory, as Firecracker names them and as they are called from here. */
const sockets = { api: "api", vsock: "vsock" } as const;
const toInside = (name: string): string => `${inside.machine}/${name}`;

/** A program that is made for nothing but such machines. It runs them on KVM alone. */
export function createFirecrackerEngine(host: Host, clock: Clock): Engine {
  const start = (instance: Instance, seen: readonly Seen[]): Machine => {
    const { group, become, directory } = instance;
    const child = launch({
      programs: host.programs,
      system: host.system,
      groups: group.directories,
      become,
      seen: [
        { kind: "read", source: host.program, path: "/firecracker" },
        { kind: "read", source: host.image.directory, path: inside.image },
        { kind: "device", source: kvm, path: kvm },
        { kind: "write", source: directory, path: inside.machine },
        ...seen,
      ],
      command: ["/firecracker", "--api-sock", toInside(sockets.api)],
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new Machine({ child, group, clock, remove: () => instance.remove() });
  };
  const running = (
    machine: Machine,
    { directory }: Instance,
    requests: readonly ApiRequest[],
  ): Running => ({
    machine,
    // Its connection did not outlive the copy, so a guest begins for this one.
    greets: true,
    connect: async () => {
      await tell(directory, requests, clock);
      return connect(directory, clock);
    },
  });

  return {
    version: host.version,
    toKey: (shape) => JSON.stringify(toBoot(shape)),
    files: ["snapshot", "memory"],
    accelerators: ["kvm"],
    boot: (shape, instance) => {
      const pack = path.join(instance.directory, "pack");
      const machine = start(instance, [{ kind: "read", source: pack, path: inside.pack }]);
      const save = (into: string): Promise<void> => keep(instance.directory, into, clock);
      return { ...running(machine, instance, toBoot(shape)), save };
    },
    restore: (template, { instance, pack }) => {
      const machine = start(instance, [
        { kind: "read", source: pack, path: inside.pack },
        { kind: "read", source: template.directory, path: inside.template },
      ]);
      const load = api.load(`${inside.template}/snapshot`, `${inside.template}/memory`);
      return running(machine, instance, [load]);
    },
  };
}

const toBoot = ({ memoryMebibytes }: MachineShape): readonly ApiRequest[] => [
  api.machine({ memoryMebibytes }),
  api.boot(`${inside.image}/vmlinux`, inside.initrd, commandLine),
  api.drive("root", `${inside.image}/root.ext4`),
  api.drive("pack", inside.pack),
  api.vsock(toInside(sockets.vsock)),
  api.start(),
];

async function keep(directory: string, into: string, clock: Clock): Promise<void> {
  const snapshot = api.save(toInside("snapshot"), toInside("memory"));
  await tell(directory, [api.pause(), snapshot], clock);
  for (const name of ["snapshot", "memory"]) {
    const place = path.join(into, name);
    await rename(path.join(directory, name), place);
    await chown(place, process.getuid!(), process.getgid!());
  }
}

/** Only before foreign code has run in the machine: what is in its directory is its own by then. */
const tell = (directory: string, requests: readonly ApiRequest[], clock: Clock): Promise<void> =>
  withShortPath(directory, async (short) => {
    const socket = path.join(short, sockets.api);
    await whenThere(clock, async () => (await open(socket)).destroy());
    for (const request of requests) await send(socket, request);
  });

/** The guest's port of the machine, by the way that Firecracker has for it. */
const connect = (directory: string, clock: Clock): Promise<Duplex> =>
  withShortPath(directory, (short) =>
    whenThere(clock, async () => {
      const socket = await open(path.join(short, sockets.vsock));
      try {
        await greet(socket);
        return socket;
      } catch (error) {
        socket.destroy();
        throw error;
      }
    }),
  );

/** Says which port is meant, and hears that somebody listens there. */
export function greet(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (): void => reject(new Error("nobody listens in the machine"));
    const hear = (): void => {
      for (let byte = read(socket); byte !== null; byte = read(socket)) {
        said += byte;
        if (byte === "\n" || said.length > mostGreeting) {
          socket.off("readable", hear).off("close", fail);
          return /^OK \d+\n$/.test(said) ? resolve() : fail();
        }
      }
    };
    socket.on("readable", hear);
    socket.once("close", fail);
    socket.once("error", fail);
    socket.write(`CONNECT ${vsockPort}\n`);
  });
}

/** One at a time: what comes after the line is the guest's. */
const read = (socket: Socket): string | null =>
  (socket.read(1) as Buffer | null)?.toString() ?? null;

function open(file: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = dial({ path: file }, () => resolve(socket));
    socket.once("error", reject);
  });
}

async function whenThere<T>(clock: Clock, look: () => Promise<T>): Promise<T> {
  for (let paused = 0; ; paused += 1) {
    try {
      return await look();
    } catch (error) {
      if (paused >= mostPauses) throw error;
      await clock.sleep(pauseMs);
    }
  }
}
