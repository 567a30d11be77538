import type { SandboxSpec } from "../../../ports/sandbox.ts";
import { toAuthorityFiles } from "../host/authority.ts";
import { fail } from "../host/fail.ts";
import { judgeDirectory, scratchDirectory, toEnvironment } from "../host/plan.ts";
import { judgeMounts } from "../host/judge-mounts.ts";
import { proxyPort } from "../host/proxy.ts";
import { places, type StartRequest } from "./guest/start-request.ts";
import { insideId } from "./initrd.ts";

export interface BoxOptions {
  /** Of the Node that runs us, which the machine has as well. */
  readonly nodePath: string;
}

/** Where programs of a machine are. */
const searchPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
const nodeInside = "/usr/bin/node";
const sharedMemoryBytes = 8 * 1024 * 1024;
/** As Debian has them. */
const systemLinks = ["bin", "sbin", "lib", "lib64"];
const systemSettings = [
  "/etc/alternatives",
  "/etc/ld.so.cache",
  "/etc/ssl/certs",
  "/etc/ssl/openssl.cnf",
];
const madeUp = ["passwd", "group", "hosts", "nsswitch.conf"];

/** What the guest is told to start, once all of it is found to be what a sandbox may have. */
export async function planStart(
  spec: SandboxSpec,
  { nodePath }: BoxOptions,
): Promise<StartRequest> {
  const writable = spec.mounts.find((mount) => mount.isWritable);
  if (writable !== undefined)
    throw fail(
      `${writable.path} cannot be written in a sandbox of this tier: a virtual machine writes nothing of this machine's.`,
    );
  await judgeMounts(spec.mounts);
  const directory = judgeDirectory(spec);
  const environment = toEnvironment(spec, directory, searchPath);
  const [program = "", ...args] = spec.command;
  const command = [program === nodePath ? nodeInside : program, ...args];
  const mounts = spec.mounts.map(({ path }) => path);
  const authorities = Object.entries(await toAuthorityFiles(spec.authority));
  const box = toBox({
    environment,
    directory,
    mounts,
    files: authorities.map(([path]) => path),
    scratchBytes: spec.limits.scratchBytes,
  });
  if ([...box, ...command].some((text) => text.includes("\0")))
    throw fail("A path or a variable of a sandbox holds a zero byte.");
  return {
    isWarmUp: false,
    box,
    command,
    path: environment["PATH"] ?? "",
    directory,
    mounts,
    files: Object.fromEntries(authorities.map(([path, text]) => [`${places.files}${path}`, text])),
    hasProxy: spec.onConnection !== null,
    proxyPort,
    limits: spec.limits,
  };
}

interface BoxParts {
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly mounts: readonly string[];
  /** Of no disk: the guest has them in its own folder. */
  readonly files: readonly string[];
  readonly scratchBytes: number;
}

type Option = readonly string[];

/** The machine has no network but its loopback, at which the guest listens: so that is shared. */
function toBox(parts: BoxParts): readonly string[] {
  const { environment, directory, mounts, files, scratchBytes } = parts;
  const id = String(insideId);
  const options: readonly Option[] = [
    ["--unshare-all", "--share-net", "--unshare-user", "--disable-userns"],
    ["--uid", id, "--gid", id, "--hostname", "sandbox"],
    ["--new-session", "--die-with-parent", "--cap-drop", "ALL", "--clearenv"],
    ...Object.entries(environment).map(([name, value]) => ["--setenv", name, value]),
    ["--proc", "/proc", "--dev", "/dev"],
    scratch(sharedMemoryBytes, "/dev/shm"),
    scratch(scratchBytes, scratchDirectory),
    ["--ro-bind", "/usr", "/usr"],
    ...systemLinks.map((name) => ["--symlink", `usr/${name}`, `/${name}`]),
    ...systemSettings.map((path) => ["--ro-bind-try", path, path]),
    ...madeUp.map((name) => ["--ro-bind", `${places.guest}/etc/${name}`, `/etc/${name}`]),
    ...mounts.toSorted().map((path) => ["--ro-bind", `${places.pack}${path}`, path]),
    ...files.map((path) => ["--ro-bind", `${places.files}${path}`, path]),
    ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", directory],
  ];
  return options.flat();
}

const scratch = (bytes: number, path: string): Option => [
  "--size",
  String(bytes),
  "--perms",
  "1777",
  "--tmpfs",
  path,
];

/** Reads what most programs need from the disk before a machine is copied. */
export const warmUps: readonly StartRequest[] = [
  ["sh", "-c", "cat /dev/null; ls / >/dev/null; env >/dev/null; id >/dev/null"],
  ["python3", "-I", "-S", "-c", "import ctypes, json, os, socket, subprocess"],
].map((command) => ({
  isWarmUp: true,
  box: toBox({
    environment: { PATH: searchPath },
    directory: scratchDirectory,
    mounts: [],
    files: [],
    scratchBytes: sharedMemoryBytes,
  }),
  command,
  path: searchPath,
  directory: scratchDirectory,
  mounts: [],
  files: {},
  hasProxy: false,
  proxyPort,
  limits: { memoryBytes: 96 * 1024 * 1024, processes: 32, cpuMillis: 1_000, openFiles: 256 },
}));
