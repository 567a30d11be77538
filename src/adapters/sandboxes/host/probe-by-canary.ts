import type { Enforcement } from "../../../model/sandbox.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Sandbox, SandboxProbe, SandboxSpec } from "../../../ports/sandbox.ts";
import { judgeCanary, type Finding } from "./judge-canary.ts";
import { placeOwnPart, toOwnPath } from "./own-part.ts";
import type { Extra } from "./plan.ts";

export interface Probing {
  readonly clock: Clock;
  readonly nodePath: string;
  readonly sh: string;
  /** A command that makes namespaces, for the canary to try. */
  readonly maker: string;
  readonly findings: readonly Finding[];
  readonly enforcement: Enforcement;
  /** One line that mends what the start complained of; null: nothing on this machine does. */
  readonly findFix: (complaint: string) => string | null;
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
  'open=$(ls /proc/self/fd) && node=$1 part=$2 maker=$3 && exec "$node" "$part" "$maker" $open';

export async function probeByCanary(probing: Probing): Promise<SandboxProbe> {
  const { nodePath, sh, maker, findings, enforcement } = probing;
  const spec: SandboxSpec = {
    command: [sh, "-c", script, "sh", nodePath, toOwnPath("canary"), maker],
    environment: {},
    directory: null,
    mounts: [],
    limits,
    onConnection: null,
    authority: null,
  };
  const toMissing = (reason: string, complaint: string): SandboxProbe => {
    const said = complaint === "" ? "" : ` (${complaint.slice(0, 300)})`;
    return { kind: "missing", reason: `${reason}${said}`, fix: probing.findFix(complaint) };
  };
  try {
    const { sandbox, uid } = await probing.start(spec, {
      placed: [placeOwnPart("canary", import.meta.url)],
      programs: [nodePath],
    });
    const { said, complaint, reason } = await listen(sandbox, probing.clock);
    if (said === "") return toMissing(`its canary ${reason}`, complaint);
    const verdict = judgeCanary(said, uid, findings);
    if (verdict.kind === "failed") return { kind: "missing", reason: verdict.reason, fix: null };
    return { kind: "usable", evidence: verdict.evidence, enforcement };
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
