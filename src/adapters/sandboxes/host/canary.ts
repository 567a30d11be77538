import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";

/**
 * Runs in a sandbox, looks at what it can do there, and prints it as one line of JSON. It takes a command
 * that makes namespaces, as one word, and the descriptors that were open before it started.
 */
const [, , maker = "", ...descriptors] = process.argv;

const status = readFileSync("/proc/self/status", "utf8");
const of = (field: string) => new RegExp(`^${field}:\\s+(.*)$`, "m").exec(status)?.[1] ?? null;

function attempt(act: () => unknown): string {
  try {
    act();
    return "done";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "failed";
  }
}

/** Mount points that can be written. */
const writable = readFileSync("/proc/self/mountinfo", "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => line.split(" "))
  .filter(([, , , , , options = ""]) => !options.split(",").includes("ro"))
  .map(([, , , , point]) => point);

const seen = {
  kernel: readFileSync("/proc/version", "utf8").trim(),
  uid: process.getuid?.() ?? null,
  capabilities: ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(of),
  seccomp: of("Seccomp"),
  noNewPrivileges: of("NoNewPrivs"),
  interfaces: [...readFileSync("/proc/net/dev", "utf8").matchAll(/^\s*([^\s:|]+):/gm)].map(
    ([, name]) => name,
  ),
  firstEnvironment: attempt(() => {
    const { length } = readFileSync("/proc/1/environ");
    if (length > 0) throw Object.assign(new Error("not empty"), { code: `${length} bytes` });
  }),
  variables: Object.keys(process.env),
  processes: readdirSync("/proc").filter((name) => /^\d+$/.test(name)),
  self: String(process.pid),
  root: attempt(() => mkdirSync("/canary")),
  writable,
  descriptors,
  namespaces: attemptNamespaces(),
  unixSocket: await attemptUnixSocket(),
};
process.stdout.write(`${JSON.stringify(seen)}\n`);

function attemptNamespaces(): string {
  const [program = "", ...args] = maker.split(" ");
  const { error, status: code } = spawnSync(program, args, { stdio: "ignore", timeout: 5_000 });
  if (error !== undefined) return (error as NodeJS.ErrnoException).code ?? "failed";
  return code === 0 ? "done" : "refused";
}

function attemptUnixSocket(): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path: "/tmp/canary.sock" });
    socket.once("connect", () => resolve("done"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "failed"));
  });
}
