import type { Enforcement, SandboxLimits } from "../../../model/sandbox.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Sandbox, SandboxProbe, SandboxSpec } from "../../../ports/sandbox.ts";
import { canaryScript, judgeCanaries } from "./judge-canaries.ts";
import type { Machines } from "./machines.ts";

/** A host that plays the processor boots a machine first, and then two of them go on at once. */
const canaryMs = 60_000;
const mostSaid = 64 * 1024;
const limits: SandboxLimits = {
  memoryBytes: 128 * 1024 * 1024,
  processes: 64,
  cpuMillis: 1_000,
  scratchBytes: 1024 * 1024,
  openFiles: 256,
};

/** Two machines that go on from the same one, each with a canary. */
export async function probeMachines(
  machines: Machines,
  clock: Clock,
  start: (spec: SandboxSpec) => Promise<Sandbox>,
): Promise<SandboxProbe> {
  const spec: SandboxSpec = {
    command: ["/usr/bin/sh", "-c", canaryScript, "sh", ...toHostFiles()],
    environment: {},
    directory: null,
    mounts: [],
    limits,
    onConnection: null,
    authority: null,
  };
  try {
    const said = await Promise.all([1, 2].map(async () => listen(await start(spec), clock)));
    const verdict = judgeCanaries(said);
    if (verdict.kind === "failed") return { kind: "missing", reason: verdict.reason, fix: null };
    return {
      kind: "usable",
      evidence: [...verdict.evidence, toRanOn(machines)],
      enforcement: toEnforcement(machines),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      kind: "missing",
      reason: `its canary did not start (${reason.slice(0, 500)})`,
      fix: null,
    };
  }
}

/** Files that are there on this host and nowhere else. */
const toHostFiles = (): readonly string[] => [process.execPath, "/etc/shadow", "/etc/hostname"];

const toRanOn = ({ accelerator }: Machines): string =>
  accelerator === "kvm"
    ? "its processor is the host's own, by KVM"
    : "its processor is played by QEMU (TCG): it is slow, since no machine boots on KVM here";

/** The host holds the processor's limit as well, where it can: a machine could be another's by then. */
const toEnforcement = ({ host: { groups } }: Machines): Enforcement => ({
  memoryBytes: "machine",
  processes: "machine",
  cpuMillis: groups.cpu?.version ?? "machine",
  scratchBytes: "machine",
  openFiles: "machine",
});

async function listen(sandbox: Sandbox, clock: Clock): Promise<string> {
  let said = "";
  for (const stream of [sandbox.stdout, sandbox.stderr])
    stream.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString("utf8")).slice(0, mostSaid);
    });
  sandbox.stdin.end();
  const done = new AbortController();
  clock.sleep(canaryMs, done.signal).then(
    () => sandbox.kill(),
    () => undefined,
  );
  const { reason } = await sandbox.ended;
  done.abort();
  return `${said.trim()}\nend ${reason}`;
}
