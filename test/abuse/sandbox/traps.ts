import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { randomUUID } from "node:crypto";
import { getServers } from "node:dns";
import os from "node:os";
import path from "node:path";

/** What the programs are told: where something is, and never what it says. */
export interface Places {
  readonly project: string;
  readonly hostFolder: string;
  readonly hostFile: string;
  /** A mount, with a file `given` and the link `points-out`. */
  readonly readOnly: string;
  /** In that mount, a folder that the server keeps from every sandbox. */
  readonly hidden: string;
  /** A mount that anyone may write to. */
  readonly writable: string;
  readonly hostSocketFolder: string;
  readonly hostSocket: string;
  readonly hiddenSocket: string;
  readonly hostAbstract: string;
  readonly hostPort: number;
  readonly hostAddresses: readonly string[];
  readonly hostInterfaces: readonly string[];
  readonly hostName: string;
  readonly resolvers: readonly string[];
  /** A process of the host. */
  readonly bystander: number;
  readonly neighbour: Neighbour;
}

/** What another sandbox has. */
export interface Neighbour {
  readonly file: string;
  readonly segment: number;
  readonly port: number;
}

/** Secrets planted around the sandboxes, and what stands where it could be harmed. */
export interface Traps {
  readonly places: Places;
  /** In what no sandbox writes any of them may be found. */
  readonly canaries: readonly string[];
  /** What was harmed; empty: nothing. */
  readonly harms: () => readonly string[];
  readonly close: () => Promise<void>;
}

const project = path.resolve(import.meta.dirname, "../../..");

/** The neighbour has its place once it runs, and it runs once the traps are there. */
export interface PlantedTraps extends Omit<Traps, "places"> {
  readonly places: Omit<Places, "neighbour">;
}

/** Made before the drivers are, which are told what to hide. */
export function makeTrapFolder(): TrapFolder {
  const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), "countersign-abuse-"));
  const hidden = path.join(folder, "read-only", "hidden");
  mkdirSync(hidden, { recursive: true });
  return { folder, hidden };
}

export interface TrapFolder {
  readonly folder: string;
  readonly hidden: string;
}

export async function plantTraps(made: TrapFolder, canary: string): Promise<PlantedTraps> {
  const files = plantFiles(made, canary);
  const bystander = spawn("/usr/bin/cat", [], {
    env: { CANARY: canary },
    stdio: ["pipe", "ignore", "ignore"],
  });
  await once(bystander, "spawn");
  // What a driver hands on of the environment of this process would be seen, too.
  process.env["COUNTERSIGN_ABUSE_CANARY"] = canary;
  const listeners = await plantListeners(files, canary);
  const before = readAll(files);
  return {
    places: {
      ...files,
      ...listeners.places,
      ...aboutHost(),
      project,
      bystander: bystander.pid!,
    },
    canaries: [canary],
    harms: () => findHarms({ bystander, before, files }),
    close: async () => {
      delete process.env["COUNTERSIGN_ABUSE_CANARY"];
      bystander.stdin?.end();
      await Promise.all(
        listeners.servers.map((server) => new Promise((done) => server.close(done))),
      );
      rmSync(made.folder, { recursive: true, force: true });
    },
  };
}

function plantFiles({ folder, hidden }: TrapFolder, canary: string) {
  const hostFile = path.join(folder, "canary");
  const [readOnly, writable, hostSocketFolder] = ["read-only", "writable", "sockets"].map(
    (name) => {
      const made = path.join(folder, name);
      mkdirSync(made, { recursive: true });
      return made;
    },
  ) as [string, string, string];
  writeFileSync(hostFile, canary);
  writeFileSync(path.join(hidden, "key"), canary);
  writeFileSync(path.join(readOnly, "given"), "given\n");
  symlinkSync(hostFile, path.join(readOnly, "points-out"));
  // Anyone of the machine may: it is the sandbox that must keep its programs away.
  chmodSync(folder, 0o755);
  chmodSync(hostFile, 0o644);
  for (const open of [writable, hostSocketFolder]) chmodSync(open, 0o777);
  chmodSync(path.join(readOnly, "given"), 0o666);
  return { hostFolder: folder, hostFile, readOnly, hidden, writable, hostSocketFolder };
}
type Files = ReturnType<typeof plantFiles>;

async function plantListeners({ hostFolder, hostSocketFolder }: Files, canary: string) {
  const hostSocket = path.join(hostSocketFolder, "socket");
  const hiddenSocket = path.join(hostFolder, "socket");
  const hostAbstract = `countersign-abuse-${randomUUID()}`;
  const servers: Server[] = [];
  async function listen(where: { path: string } | { host: string; port: number }): Promise<Server> {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end(canary);
    });
    server.listen(where);
    await once(server, "listening");
    servers.push(server);
    return server;
  }
  const address = (await listen({ host: "127.0.0.1", port: 0 })).address();
  const hostPort = typeof address === "object" && address !== null ? address.port : 0;
  await listen({ host: "::1", port: hostPort });
  for (const where of [hostSocket, hiddenSocket, `\0${hostAbstract}`])
    await listen({ path: where });
  for (const socket of [hostSocket, hiddenSocket]) chmodSync(socket, 0o777);
  return { servers, places: { hostSocket, hiddenSocket, hostAbstract, hostPort } };
}

function aboutHost() {
  const interfaces = Object.entries(os.networkInterfaces()).filter(([name]) => name !== "lo");
  const addresses = interfaces.flatMap(([, each]) => each ?? []);
  return {
    hostInterfaces: interfaces.map(([name]) => name),
    hostAddresses: addresses
      .filter(({ scopeid = 0 }) => scopeid === 0)
      .map(({ address }) => address),
    hostName: os.hostname(),
    resolvers: getServers().filter((server) => !/\]|:\d+$/.test(server) || !server.includes(".")),
  };
}

function readAll({ hostFile, readOnly }: Files): string {
  return JSON.stringify([
    readFileSync(hostFile, "utf8"),
    readFileSync(path.join(readOnly, "given"), "utf8"),
    readdirSync(readOnly),
    readFileSync("/proc/sys/kernel/core_pattern", "utf8"),
    os.hostname(),
  ]);
}

function findHarms({
  bystander,
  before,
  files,
}: {
  bystander: ChildProcess;
  before: string;
  files: Files;
}): string[] {
  const state = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${bystander.pid}/status`, "utf8"))?.[1];
  return [
    ...(bystander.exitCode !== null || bystander.signalCode !== null
      ? ["the bystander was ended"]
      : []),
    ...(state === "T" || state === "t" ? ["the bystander was stopped"] : []),
    ...(bystander.pid !== undefined && os.getPriority(bystander.pid) !== os.getPriority()
      ? ["the bystander has another priority"]
      : []),
    ...(readAll(files) === before ? [] : ["a file, a setting or the name of the host changed"]),
  ];
}
