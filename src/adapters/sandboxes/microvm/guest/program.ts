import { spawn, spawnSync } from "node:child_process";
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { Socket } from "node:net";
import { dirname, resolve } from "node:path";
import type { Readable } from "node:stream";
import { places, type EndedReport, type StartRequest } from "./start-request.ts";

export interface Program {
  readonly stdin: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly ended: Promise<EndedReport>;
  terminate(): void;
}

/** Before anything of the program runs: its user, its limits, and the room that it sees. */
const launch = `echo 0 > /proc/self/oom_score_adj
echo 0 > "$0/cgroup.procs" || exit 125
ulimit -c 0; ulimit -n "$1"; shift
exec /run/guest/busybox env -i /usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"`;
const mountPack = `blockdev --flushbufs ${places.packDisk} && mount -t ext4 -o ro,nosuid,nodev,noatime ${places.packDisk} ${places.pack}`;
const busybox = `${places.guest}/busybox`;

export async function startProgram(request: StartRequest, group: string): Promise<Program> {
  if (request.mounts.length > 0) run(mountPack);
  const command = [findProgram(request), ...request.command.slice(1)];
  if (!isDirectory(toPlace(request.directory, request)))
    throw new Error(`${request.directory} is not there`);
  makeGroup(group, request.limits);
  for (const [path, text] of Object.entries(request.files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: 0o644 });
  }
  // Nobody reads the list of processes in the machine but the program: this keeps the box out of it.
  const args = [...request.box, "--seccomp", "4", "--json-status-fd", "5"];
  writeFileSync(`${places.guest}/arguments`, args.map((arg) => `${arg}\0`).join(""));
  const { stdin, stdout, stderr, given } = openStreams();
  const files = [`${places.guest}/arguments`, `${places.guest}/seccomp`].map((file) =>
    openSync(file, "r"),
  );
  const openFiles = String(request.limits.openFiles);
  const bwrap = ["/usr/bin/bwrap", "--args", "3", "--"];
  const child = spawn(busybox, ["sh", "-c", launch, group, openFiles, ...bwrap, ...command], {
    cwd: "/",
    env: {},
    stdio: [...given, ...files, "pipe"],
  });
  for (const descriptor of [...given, ...files]) closeSync(descriptor);
  const status = collect((child.stdio as unknown as readonly Readable[])[5]!);
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  await new Promise<void>((done, fail) => child.once("spawn", done).once("error", fail));
  const ended = exited.then(async (): Promise<EndedReport> => {
    writeFileSync(`${group}/cgroup.kill`, "1");
    const exitCode = /"exit-code": (\d+)/.exec(await status)?.[1];
    return { exitCode: exitCode === undefined ? null : Number(exitCode), ...readUsage(group) };
  });
  return { stdin, stdout, stderr, ended, terminate: () => terminate(child.pid!, group) };
}

function run(script: string): void {
  const { status, stderr } = spawnSync(busybox, ["sh", "-c", script], {
    env: { PATH: "/bin:/usr/bin:/sbin:/usr/sbin" },
  });
  if (status !== 0) throw new Error(`its disk cannot be mounted (${String(stderr).trim()})`);
}

/** Where the guest finds what the program sees at this path. */
const toPlace = (path: string, { mounts }: StartRequest): string =>
  mounts.some((mount) => path === mount || path.startsWith(`${mount}/`))
    ? `${places.pack}${path}`
    : path;

function findProgram(request: StartRequest): string {
  const [name = ""] = request.command;
  const candidates = name.includes("/")
    ? [resolve(request.directory, name)]
    : request.path.split(":").map((folder) => `${folder}/${name}`);
  const found = candidates.find((file) => name !== "" && isProgram(toPlace(file, request)));
  if (found === undefined) throw new Error(`there is no program \`${name}\` in the machine`);
  return found;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** A sandbox has two processes besides its program's. */
const ownProcesses = 2;
const periodUs = 100_000;

function makeGroup(
  group: string,
  { memoryBytes, processes, cpuMillis }: StartRequest["limits"],
): void {
  mkdirSync(group, { recursive: true });
  const set = (file: string, value: string) => writeFileSync(`${group}/${file}`, value);
  set("memory.max", String(memoryBytes));
  set("pids.max", String(processes + ownProcesses));
  set("cpu.max", `${Math.max(1_000, Math.round((cpuMillis * periodUs) / 1_000))} ${periodUs}`);
}

function readUsage(group: string): Omit<EndedReport, "exitCode"> {
  const of = (file: string, pattern: RegExp): number | null => {
    const found = pattern.exec(readFileSync(`${group}/${file}`, "utf8"))?.[1];
    return found === undefined ? null : Number(found);
  };
  return {
    memoryPeakBytes: of("memory.peak", /^(\d+)$/m),
    refusedProcesses: of("pids.events", /^max (\d+)$/m),
    memoryKills: of("memory.events", /^oom_kill (\d+)$/m),
  };
}

/** Pipes: what Node makes by itself are sockets, which belong to the machine's network. */
function openStreams() {
  const [stdin, stdout, stderr] = ["in", "out", "err"].map((name, index) => {
    const file = `${places.streams}/${name}`;
    const { O_RDWR, O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
    const both = openSync(file, O_RDWR | O_NONBLOCK);
    const theirs = openSync(file, index === 0 ? O_RDONLY : O_WRONLY);
    const ours = openSync(file, (index === 0 ? O_WRONLY : O_RDONLY) | O_NONBLOCK);
    closeSync(both);
    const socket = new Socket({ fd: ours, readable: index > 0, writable: index === 0 });
    socket.on("error", () => undefined);
    return { socket, theirs };
  }) as [End, End, End];
  return {
    stdin: stdin.socket,
    stdout: stdout.socket,
    stderr: stderr.socket,
    given: [stdin.theirs, stdout.theirs, stderr.theirs],
  };
}

interface End {
  readonly socket: Socket;
  readonly theirs: number;
}

function collect(stream: Readable): Promise<string> {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text = (text + chunk).slice(-4_096);
  });
  return new Promise((done) =>
    stream.once("close", () => done(text)).once("error", () => done(text)),
  );
}

/** The program is the first child of the box's first process; before it has begun, all of it is ended. */
function terminate(box: number, group: string): void {
  const first = readChild(box);
  const program = first === null ? null : readChild(first);
  try {
    if (program === null) writeFileSync(`${group}/cgroup.kill`, "1");
    else process.kill(program, "SIGTERM");
  } catch {
    // It ended meanwhile.
  }
}

function readChild(pid: number): number | null {
  try {
    const [child = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ");
    return child === "" ? null : Number(child);
  } catch {
    return null;
  }
}

/** Once, before the machine is copied: what is read from disk for the first program is there for all. */
export async function warmUp(request: StartRequest): Promise<void> {
  const { stdin, stdout, stderr, ended } = await startProgram(request, `${places.group}-warm`);
  stdin.end();
  for (const stream of [stdout, stderr]) stream.resume();
  await ended;
  for (const stream of [stdin, stdout, stderr]) stream.destroy();
}
