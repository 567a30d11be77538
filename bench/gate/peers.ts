import { execFile, spawn, type ChildProcess } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { openSession, toBody, type Contender } from "./contenders.ts";

const root = path.join(import.meta.dirname, "../..");
/** Not dependencies of the product: fetched from npm when this benchmark first runs. */
const place = path.join(root, "node_modules/.cache/countersign-peers");
const wanted = { "mcp-proxy": "6.7.19", supergateway: "4.0.0", "mcp-hub": "4.2.1" } as const;
const echo = [process.execPath, path.join(import.meta.dirname, "stdio-echo.ts")];

/** Gateways that npm installs, each in front of the same program; what does not start is left out. */
export async function startPeers(progress: (line: string) => void): Promise<Contender[]> {
  try {
    await install(progress);
  } catch (error) {
    progress(
      `NOT RUN peers: npm could not install them (${(error as Error).message.slice(0, 200)})`,
    );
    return [];
  }
  const started: Contender[] = [];
  for (const start of [startMcpProxy, startSupergateway, startMcpHub, startMcporter]) {
    try {
      started.push(await start());
    } catch (error) {
      progress(`NOT RUN ${start.name}: ${(error as Error).message.slice(0, 300)}`);
    }
  }
  return started;
}

async function install(progress: (line: string) => void): Promise<void> {
  const isThere = Object.entries(wanted).every(([name, version]) => {
    const file = path.join(place, "node_modules", name, "package.json");
    return existsSync(file) && readFileSync(file, "utf8").includes(`"version": "${version}"`);
  });
  if (isThere) return;
  progress(`installing ${Object.keys(wanted).join(", ")} from npm, for this benchmark alone`);
  mkdirSync(place, { recursive: true });
  const names = Object.entries(wanted).map(([name, version]) => `${name}@${version}`);
  const args = ["install", "--prefix", place, "--ignore-scripts", "--no-save", ...names];
  await promisify(execFile)("npm", args, { timeout: 300_000 });
}

function toBin(name: string, from = place): string {
  const directory = path.join(from, "node_modules", name);
  const { bin } = JSON.parse(readFileSync(path.join(directory, "package.json"), "utf8")) as {
    bin: string | Record<string, string>;
  };
  return path.join(
    directory,
    typeof bin === "string" ? bin : (bin[name] ?? Object.values(bin)[0]!),
  );
}

async function startMcpProxy(): Promise<Contender> {
  const port = await freePort();
  const args = ["--host", "127.0.0.1", "--port", String(port), "--server", "stream", "--", ...echo];
  return startPeer("mcp-proxy", port, [toBin("mcp-proxy"), ...args]);
}

async function startSupergateway(): Promise<Contender> {
  const port = await freePort();
  const args = ["--stdio", echo.join(" "), "--outputTransport", "streamableHttp", "--stateful"];
  const more = ["--port", String(port), "--logLevel", "none"];
  return startPeer("supergateway", port, [toBin("supergateway"), ...args, ...more]);
}

async function startMcporter(): Promise<Contender> {
  const port = await freePort();
  const directory = mkdtempSync(path.join(tmpdir(), "cs-mcporter-"));
  const config = writeServers(directory, { lifecycle: "keep-alive" });
  const argv = [toBin("mcporter", root), "--config", config, "serve", "--http", String(port)];
  const peer = await startPeer("mcporter", port, argv, { HOME: directory });
  return {
    ...peer,
    async stop() {
      await peer.stop();
      for (const pid of mentioning(directory)) process.kill(pid, "SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** It offers a REST call besides the protocol, and that is what is measured: it is the shorter way. */
async function startMcpHub(): Promise<Contender> {
  const port = await freePort();
  const directory = mkdtempSync(path.join(tmpdir(), "cs-hub-"));
  const argv = [toBin("mcp-hub"), "--port", String(port), "--config", writeServers(directory)];
  const child = run(argv, { HOME: directory, XDG_STATE_HOME: directory, XDG_DATA_HOME: directory });
  const origin = `http://127.0.0.1:${port}`;
  const headers = { "content-type": "application/json" };
  const toCall = (bytes: number): string => {
    const { params } = JSON.parse(toBody("echo", bytes)) as { params: { arguments: object } };
    return JSON.stringify({ server_name: "echo", tool: "echo", arguments: params.arguments });
  };
  const pathOfCalls = "/api/servers/tools";
  await untilAnswers(child, async () => {
    const init = { method: "POST", headers, body: toCall(16) };
    return (await (await fetch(origin + pathOfCalls, init)).text()).includes('"ok"');
  });
  return {
    name: "mcp-hub",
    pids: [child.pid!],
    toTarget: async (bytes) => ({ origin, path: pathOfCalls, headers, body: toCall(bytes) }),
    async stop() {
      await stop(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function writeServers(directory: string, more: object = {}): string {
  const [command, ...args] = echo;
  const file = path.join(directory, "servers.json");
  writeFileSync(file, JSON.stringify({ mcpServers: { echo: { command, args, ...more } } }));
  return file;
}

async function startPeer(
  name: string,
  port: number,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Contender> {
  const child = run(argv, env);
  const origin = `http://127.0.0.1:${port}`;
  const session = await untilAnswers(child, () => openSession(origin));
  const tool = await findTool(origin, session);
  return {
    name,
    // Whatever it starts on its own account, the program at the far end excepted.
    pids: [child.pid!, ...descendants(child.pid!)],
    toTarget: async (bytes) => ({ origin, headers: session, body: toBody(tool, bytes) }),
    stop: () => stop(child),
  };
}

/** Some put the server's name in front. */
async function findTool(origin: string, headers: Record<string, string>): Promise<string> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/list", params: {} });
  const response = await fetch(`${origin}/mcp`, { method: "POST", headers, body });
  const [, name] = /"name":"([^"]*echo)"/.exec(await response.text()) ?? [];
  if (name === undefined) throw new Error("it lists no echo");
  return name;
}

function run(argv: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const { NODE_OPTIONS: _options, ...own } = process.env;
  return spawn(process.execPath, argv, { stdio: "ignore", env: { ...own, ...env } });
}

async function untilAnswers<T>(
  child: ChildProcess,
  ask: () => Promise<T>,
): Promise<NonNullable<T>> {
  let last: unknown = "no answer";
  for (let tries = 0; tries < 150; tries += 1) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    try {
      const answer = await ask();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  await stop(child);
  throw new Error(`it does not answer: ${String(last)}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await Promise.race([ended, sleep(3_000, undefined, { ref: false })]);
  child.kill("SIGKILL");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Processes below this one but the echo program. */
function descendants(pid: number): number[] {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const children = all.filter((each) => parentOf(each) === pid).map(Number);
  const own = children.filter((each) => !argvOf(String(each)).includes("stdio-echo"));
  return [...own, ...own.flatMap(descendants)];
}

function parentOf(pid: string): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;
  }
}

function argvOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** Processes that were started with a path in this directory: what a peer left behind. */
function mentioning(directory: string): number[] {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return all.filter((pid) => argvOf(pid).includes(directory)).map(Number);
}
