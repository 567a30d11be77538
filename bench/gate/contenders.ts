import { starterRules } from "../../src/model/starter-rules.ts";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { buildProgram } from "./built.ts";
import type { LoadTarget } from "./load.ts";

/** Something that answers the same call, in a process of its own. */
export interface Contender {
  readonly name: string;
  /** Processes whose CPU counts. */
  readonly pids: readonly number[];
  /** What is sent to it, with so many bytes of text in the arguments. */
  toTarget(bytes: number): Promise<LoadTarget>;
  stop(): Promise<void>;
}

export const meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

export const modernHeaders = (name: string, method = "tools/call") => ({
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": "2026-07-28",
  "mcp-method": method,
  "mcp-name": name,
});

/** Arguments as agents send them: some text, a number, a few words. */
function toArguments(bytes: number): object {
  return {
    text: "a line of text, ".repeat(Math.max(1, Math.floor(bytes / 16))),
    count: 3,
    tags: ["one", "two"],
  };
}

export function toBody(name: string, bytes: number, params: object = {}): string {
  return JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name, arguments: toArguments(bytes), ...params },
  });
}

async function start(
  file: string,
  ...args: readonly string[]
): Promise<{ child: ChildProcess; first: string }> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, file), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const first = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`${file} ended`)));
    createInterface({ input: child.stdout }).once("line", resolve);
  });
  return { child, first };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

export async function startEcho(
  tools = 1,
  workMs = 0,
): Promise<Contender & { readonly port: string }> {
  const { child, first } = await start("echo.ts", String(tools), String(workMs));
  return {
    name: "echo (floor)",
    pids: [child.pid!],
    port: first,
    toTarget: async (bytes) => ({
      origin: `http://127.0.0.1:${first}`,
      headers: modernHeaders("echo"),
      body: toBody("echo", bytes, { _meta: meta }),
    }),
    stop: () => stop(child),
  };
}

export async function startThin(port: string): Promise<Contender> {
  const { child, first } = await start("thin.ts", port);
  return {
    name: "thin pass-through",
    pids: [child.pid!],
    toTarget: async (bytes) => ({
      origin: `http://127.0.0.1:${first}`,
      headers: modernHeaders("echo"),
      body: toBody("echo", bytes, { _meta: meta }),
    }),
    stop: () => stop(child),
  };
}

export async function startSdkProxy(port: string): Promise<Contender> {
  const { child, first } = await start("sdk-proxy.ts", port);
  const origin = `http://127.0.0.1:${first}`;
  return {
    name: "SDK Server + Client",
    pids: [child.pid!],
    toTarget: async (bytes) => ({
      origin,
      headers: await openSession(origin),
      body: toBody("echo", bytes),
    }),
    stop: () => stop(child),
  };
}

/** A session of the era before, and the headers of its requests. */
export async function openSession(origin: string): Promise<Record<string, string>> {
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  const params = {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "bench", version: "1" },
  };
  const opened = await fetch(`${origin}/mcp`, {
    method: "POST",
    headers,
    body: JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params }),
  });
  const text = await opened.text();
  const id = opened.headers.get("mcp-session-id");
  if (!opened.ok) throw new Error(`initialize: ${opened.status} ${text.slice(0, 200)}`);
  const session = {
    ...headers,
    ...(id === null ? {} : { "mcp-session-id": id }),
    "mcp-protocol-version": "2025-06-18",
  };
  const told = await fetch(`${origin}/mcp`, {
    method: "POST",
    headers: session,
    body: JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }),
  });
  await told.text();
  return session;
}

/** Effects pass unasked; else what a project begins with: labels are looked up before an effect. */
const rules = starterRules.replace(/@id\("starter\/effects-ask"\)[^;]*;/, "");

export interface Governing {
  readonly effect: "read" | "write";
  /** Names under which the same server is registered. */
  readonly servers?: readonly string[];
  /** Places at the server. */
  readonly concurrency?: number;
  /** Tenants with a caller each, whose key is `toTenantKey(NAME)`. */
  readonly tenants?: readonly string[];
  readonly telemetry?: Watching;
}

/** What a gate says of itself, and where. */
export interface Watching {
  readonly program: string;
  readonly level: "error" | "info";
  /** As the configuration has it. */
  readonly config: object;
}

export function toTenantKey(tenant: string): string {
  return `the-key-of-the-one-caller-of-${tenant}`;
}

/** The product as it is shipped: identity, validation, pins, limits and recording on, embedded Postgres. */
export async function startGoverned(
  port: string,
  { effect, servers = ["up"], concurrency = 512, tenants = [], telemetry }: Governing,
): Promise<Contender & { readonly url: string; readonly key: string }> {
  const directory = mkdtempSync(path.join(tmpdir(), "cs-bench-"));
  const config = path.join(directory, "config");
  const server = {
    transport: "http",
    url: `http://127.0.0.1:${port}/mcp`,
    private: true,
    effect,
    concurrency,
    labels: ["trusted"],
  };
  const document = {
    version: 1,
    listen: "127.0.0.1:0",
    policy: { rules: { bench: rules } },
    log: { level: telemetry?.level ?? "error" },
    telemetry: telemetry?.config ?? { calls: "none" },
    auth: {
      callers: Object.fromEntries(
        tenants.map((tenant) => [tenant, { key: `env://KEY_${tenant}`, tenant }]),
      ),
    },
    gate: { concurrency: 512, rate: 10_000_000 },
    toolsets: { all: { servers, search: "never" } },
    servers: Object.fromEntries(servers.map((name) => [name, server])),
  };
  writeFileSync(path.join(directory, "countersign.yaml"), JSON.stringify(document));
  // Lines go where a supervisor would put them.
  const log = telemetry === undefined ? "inherit" : openSync(path.join(directory, "log"), "w");
  const program = telemetry?.program ?? buildProgram();
  const child = spawn(process.execPath, [program, "up", "--json"], {
    cwd: directory,
    env: {
      ...process.env,
      XDG_CONFIG_HOME: config,
      ...Object.fromEntries(tenants.map((tenant) => [`KEY_${tenant}`, toTenantKey(tenant)])),
    },
    stdio: ["ignore", "pipe", log],
  });
  const url = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const event = JSON.parse(line) as { event: string; url: string };
      if (event.event === "ready") resolve(event.url);
    });
  });
  const key = readFileSync(path.join(config, "countersign/caller.key"), "utf8").trim();
  return {
    name: effect === "read" ? "governed, read" : "governed, effect",
    url,
    key,
    pids: [child.pid!],
    async toTarget(bytes) {
      // The last one: whoever looked for it one by one would be slowest here.
      const tool = `${servers.at(-1)!}__echo`;
      const headers = { ...modernHeaders(tool), authorization: `Bearer ${key}` };
      const body = toBody(tool, bytes, { _meta: meta });
      await untilListed(`${url}/mcp`, headers, body);
      return { origin: url, headers, body };
    },
    async stop() {
      await stop(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function untilListed(
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const response = await fetch(url, { method: "POST", headers, body });
    if ((await response.text()).includes('"ok"')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the gate does not answer");
}
