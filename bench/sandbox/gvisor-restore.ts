import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { toContainer } from "../../src/adapters/sandboxes/gvisor/bundle.ts";
import { findProgram } from "../../src/adapters/sandboxes/host/find-program.ts";
import { readHostRoot } from "../../src/adapters/sandboxes/host/host-root.ts";

/**
 * Whether a program of gVisor that is restored answers sooner than one that is started: a Node that has
 * read its code and waits. Run by hand, as root: `node bench/sandbox/gvisor-restore.ts PATH-OF-RUNSC`.
 * The driver restores nothing, since a copy repeats the random numbers of the one that it was made from.
 */
const [, , runsc = "runsc"] = process.argv;
const rounds = 10;
const answerMs = 20_000;
const run = promisify(execFile);

const folder = mkdtempSync(path.join(tmpdir(), "gvisor-restore-"));
chmodSync(folder, 0o755);
const image = path.join(folder, "image");
const flags = [
  `--root=${path.join(folder, "state")}`,
  "--ignore-cgroups",
  "--platform=systrap",
  "--network=none",
  "--host-uds=none",
  "--overlay2=none",
];
const program =
  'process.stdin.on("data", () => process.stdout.write("answer\\n")); process.stdout.write("ready\\n")';

async function layOutBundle(): Promise<void> {
  const system = await readHostRoot();
  const visible = system.map((one) => one.path);
  const node = await findProgram(process.execPath, { path: "", directory: "/", visible });
  const placed = [...system, ...node.placed];
  const nothing = path.join(folder, "nothing");
  writeFileSync(nothing, "");
  const container = toContainer({
    placed,
    mounts: [],
    pins: [],
    covers: [],
    authorities: {},
    nothing,
    directory: "/tmp",
    command: [node.path, "-e", program],
    environment: { HOME: "/tmp" },
    scratchBytes: 16 * 1024 * 1024,
    limits: { openFiles: 256, processes: 128 },
  });
  const places = (container as { mounts: { destination: string; source: string }[] }).mounts;
  for (const { destination, source } of places) {
    const at = path.join(folder, "root", destination);
    const isFile = statSync(source, { throwIfNoEntry: false })?.isDirectory() === false;
    mkdirSync(isFile ? path.dirname(at) : at, { recursive: true });
    if (isFile) writeFileSync(at, "");
  }
  const links = placed.flatMap((one) => (one.kind === "link" ? [one] : []));
  for (const { target, path: at } of links)
    await run("ln", ["-s", target, path.join(folder, "root", at)]);
  writeFileSync(path.join(folder, "config.json"), JSON.stringify(container));
}

function start(...command: readonly string[]): ChildProcess {
  return spawn(runsc, [...flags, ...command], { env: {}, stdio: ["pipe", "pipe", "inherit"] });
}

async function say(child: ChildProcess, words: string): Promise<void> {
  for (let said = ""; !said.includes(words);) {
    const signal = AbortSignal.timeout(answerMs);
    const [chunk] = (await once(child.stdout!, "data", { signal })) as [Buffer];
    said += chunk.toString("utf8");
  }
}

async function measure(id: string, isCold: boolean): Promise<number> {
  const startedMs = performance.now();
  const restore = ["restore", "--image-path", image];
  const child = start(...(isCold ? ["run"] : restore), "--bundle", folder, id);
  if (isCold) await say(child, "ready");
  child.stdin!.write("?");
  await say(child, "answer");
  const tookMs = performance.now() - startedMs;
  child.kill("SIGKILL");
  await once(child, "exit");
  return tookMs;
}

const median = (values: readonly number[]): string =>
  `p50 ${values.toSorted((a, b) => a - b)[values.length >> 1]?.toFixed(0)} ms (least ${Math.min(...values).toFixed(0)})`;

try {
  await layOutBundle();
  const kept = start("run", "--bundle", folder, "kept");
  await say(kept, "ready");
  const checkpointMs = performance.now();
  await run(runsc, [...flags, "checkpoint", "--image-path", image, "kept"], { env: {} });
  console.log(`checkpoint ${(performance.now() - checkpointMs).toFixed(0)} ms`);
  kept.kill("SIGKILL");
  const cold: number[] = [];
  const restored: number[] = [];
  // One after the other, so that both are measured under the same load.
  for (let round = 0; round < rounds; round += 1) {
    cold.push(await measure(`cold-${round}`, true));
    restored.push(await measure(`restored-${round}`, false));
  }
  console.log(`start to first answer: ${median(cold)}`);
  console.log(`restore to first answer: ${median(restored)}`);
  console.log(`${rounds} rounds, load ${loadavg()[0]?.toFixed(1)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
