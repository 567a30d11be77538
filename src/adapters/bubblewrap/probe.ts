import { readFileSync } from "node:fs";
import type { Clock } from "../../ports/clock.ts";
import type { Sandbox, SandboxProbe, SandboxSpec } from "../../ports/sandbox.ts";
import { toEnforcement } from "./groups.ts";
import { judgeCanary } from "./judge-canary.ts";
import { placeOwnPart, toOwnPath } from "./own-part.ts";
import type { Extra } from "./plan-start.ts";
import type { Missing } from "./programs.ts";
import type { Host } from "./read-host.ts";

export interface Probing {
  readonly host: Host | Missing;
  readonly clock: Clock;
  readonly nodePath: string;
  /** Starts the canary, with what it sees besides; gives whom it runs as on the host, too. */
  readonly start: (
    spec: SandboxSpec,
    extra: Extra,
  ) => Promise<{ readonly sandbox: Sandbox; readonly uid: number }>;
}

/** A machine that takes longer to start a program is of no use for calls. */
const canaryMs = 20_000;
const mostSaid = 64 * 1024;
const limits = {
  memoryBytes: 512 * 1024 * 1024,
  processes: 128,
  cpuMillis: 2_000,
  scratchBytes: 1024 * 1024,
  openFiles: 256,
};

/** Lists the descriptors before Node runs, which closes some of those that it is handed. */
const script =
  'open=$(ls /proc/self/fd) && node=$1 part=$2 bwrap=$3 && exec "$node" "$part" "$bwrap" $open';

export async function probeBubblewrap(probing: Probing): Promise<SandboxProbe> {
  const { host, nodePath } = probing;
  if (host.kind === "missing") return host;
  const spec: SandboxSpec = {
    command: [
      host.programs.sh,
      "-c",
      script,
      "sh",
      nodePath,
      toOwnPath("canary"),
      host.programs.bwrap,
    ],
    environment: {},
    directory: null,
    mounts: [],
    limits,
    onConnection: null,
  };
  try {
    const { sandbox, uid } = await probing.start(spec, {
      placed: [placeOwnPart("canary")],
      programs: [nodePath],
    });
    const { said, complaint, reason } = await listen(sandbox, probing.clock);
    if (said === "") return toMissing(`its canary ${reason}`, complaint);
    const verdict = judgeCanary(said, uid);
    if (verdict.kind === "failed") return { kind: "missing", reason: verdict.reason, fix: null };
    const { evidence } = verdict;
    return { kind: "usable", evidence, enforcement: toEnforcement(host.groups) };
  } catch (error) {
    return toMissing("its canary did not start", error instanceof Error ? error.message : "");
  }
}

async function listen(sandbox: Sandbox, clock: Clock) {
  const said = collect(sandbox.stdout);
  const complaint = collect(sandbox.stderr);
  sandbox.stdin.end();
  const done = new AbortController();
  const late = clock.sleep(canaryMs, done.signal).then(
    () => sandbox.kill(),
    () => undefined,
  );
  const { reason } = await sandbox.ended;
  done.abort();
  await late;
  return { said: said(), complaint: complaint(), reason };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString("utf8")).slice(0, mostSaid);
  });
  stream.on("error", () => undefined);
  return () => text.trim();
}

function toMissing(reason: string, complaint: string): SandboxProbe {
  const said = complaint === "" ? "" : ` (${complaint.slice(0, 300)})`;
  return { kind: "missing", reason: `${reason}${said}`, fix: findFix(complaint) };
}

/** What keeps a kernel from making namespaces for everyone, and how it is told not to. */
const switches: readonly (readonly [file: string, off: string, fix: string])[] = [
  ["kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"],
  [
    "kernel/apparmor_restrict_unprivileged_userns",
    "1",
    "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  ],
  ["user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=15000"],
];

function findFix(complaint: string): string | null {
  if (/unknown option/i.test(complaint)) return "apt-get install bubblewrap (0.8 or newer)";
  const found = switches.find(([file, off]) => readSwitch(file) === off);
  return found?.[2] ?? null;
}

function readSwitch(file: string): string | null {
  try {
    return readFileSync(`/proc/sys/${file}`, "utf8").trim();
  } catch {
    return null;
  }
}
