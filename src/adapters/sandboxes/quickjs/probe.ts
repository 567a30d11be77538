import type { SandboxLimits } from "../../../model/sandbox.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Sandbox, SandboxProbe, SandboxSpec } from "../../../ports/sandbox.ts";
import type { GroupPlaces } from "../host/group-places.ts";

export interface Probing {
  readonly groups: GroupPlaces;
  /** Whether its process has no network. */
  readonly isAlone: boolean;
  readonly clock: Clock;
  readonly start: (spec: SandboxSpec) => Promise<Sandbox>;
}

/** A machine that takes longer to start a Node is of no use for calls. */
const canaryMs = 20_000;
/** How long the loop is watched before it is ended. */
const loopMs = 100;
const mostSaid = 16 * 1024;
const limits: SandboxLimits = {
  memoryBytes: 32 * 1024 * 1024,
  processes: 1,
  cpuMillis: 1_000,
  scratchBytes: 0,
  openFiles: 0,
};

/** Looks for what code elsewhere has, tries to take more memory than it may, and then never ends. */
const canary = `
const found = ["process", "require", "module", "fetch", "Deno", "Bun", "WebAssembly", "Worker",
  "XMLHttpRequest", "setTimeout", "std", "os"].filter((name) => name in globalThis);
let imported = "done";
try { await import("node:fs"); } catch { imported = "refused"; }
let hog = "done";
try { new Uint8Array(64 * 1024 * 1024).fill(1); } catch { hog = "refused"; }
console.log(JSON.stringify({ found, imported, hog, input: input === "given" }));
for (;;) {}
`;

export async function probeQuickjs({
  groups,
  isAlone,
  clock,
  start,
}: Probing): Promise<SandboxProbe> {
  const sandbox = await start({
    command: ["javascript", canary],
    environment: {},
    directory: null,
    mounts: [],
    limits,
    onConnection: null,
    authority: null,
  });
  const { said, complaint, reason, remains } = await watch(sandbox, clock);
  const wrong = [
    ...(said === held ? [] : [`its canary said ${said === "" ? "nothing" : said}`]),
    ...(complaint === "" ? [] : [complaint]),
    ...(reason === "was ended by SIGKILL" ? [] : [`its endless loop ${reason}`]),
    ...remains.map((one) => `${one} stayed`),
  ];
  if (wrong.length > 0)
    return { kind: "missing", reason: wrong.join("; ").slice(0, 500), fix: null };
  const outer = isAlone
    ? "its process has no network"
    : "only the interpreter keeps the network from it";
  return {
    kind: "usable",
    evidence: [...evidence, outer],
    enforcement: toEnforcement(groups),
  };
}

const held = JSON.stringify({ found: [], imported: "refused", hog: "refused", input: true });
const evidence = [
  "it finds no process, no module, no network and no timer, and can import nothing",
  "more memory than it may have was refused by the interpreter",
  "an endless loop ended with its process",
  "its process may write no file, and start no other",
];

/** What it has none of is held by the interpreter, which offers none. */
function toEnforcement(groups: GroupPlaces) {
  return {
    memoryBytes: "engine",
    processes: "engine",
    cpuMillis: groups.cpu?.version ?? "none",
    scratchBytes: "engine",
    openFiles: "engine",
  } as const;
}

/** Until it has said its line, and a little longer. */
async function watch(sandbox: Sandbox, clock: Clock) {
  let [said, complaint] = ["", ""];
  const done = new AbortController();
  const hasSaid = new Promise<void>((resolve) => {
    sandbox.stdout.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString("utf8")).slice(0, mostSaid);
      if (said.includes("\n")) resolve();
    });
  });
  sandbox.stderr.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString("utf8")).slice(0, mostSaid);
  });
  sandbox.stdin.end("given");
  const late = clock.sleep(canaryMs, done.signal).catch(() => undefined);
  await Promise.race([hasSaid.then(() => clock.sleep(loopMs)), late, sandbox.ended]);
  sandbox.kill();
  done.abort();
  const { reason, remains } = await sandbox.ended;
  return { said: said.trim(), complaint: complaint.trim(), reason, remains };
}
