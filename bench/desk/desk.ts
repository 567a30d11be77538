import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { starterRules } from "../../src/model/starter-rules.ts";
import { buildProgram } from "../gate/built.ts";
import { meta, modernHeaders } from "../gate/contenders.ts";
import { readCpuUs, readRss } from "../gate/usage.ts";
import { readPostgresCpuSeconds } from "../process-cpu.ts";

export interface Asked {
  readonly approval: string;
  readonly digest: string;
}

/** The product with its starter rules and its own Postgres, in front of a server that pays. */
export interface Desk {
  /** Asks for a payment; it waits for a person from then on. */
  ask(caller: number, payment: string): Promise<Asked>;
  /** The same call, held until somebody decides. Resolves with its text. */
  hold(caller: number, payment: string): Promise<string>;
  approve(asked: Asked): Promise<void>;
  /** When the payment reached the server, in nanoseconds of the clock that all processes share. */
  reached(payment: string): Promise<bigint>;
  use(): Use;
  stop(): Promise<void>;
}

/** Of the process of the product, and of its Postgres. */
export interface Use {
  readonly cpuMs: number;
  readonly postgresMs: number;
  readonly rssMb: number;
}

const tool = "bank__pay";
const toKey = (caller: number): string => `a-key-of-the-caller-number-${caller}`;

export async function startDesk(callers: number): Promise<Desk> {
  const server = await startServer();
  const directory = mkdtempSync(path.join(tmpdir(), "cs-desk-"));
  const config = path.join(directory, "config");
  const names = Array.from({ length: callers }, (_, at) => [`caller${at}`, `KEY_${at}`] as const);
  const document = {
    version: 1,
    listen: "127.0.0.1:0",
    log: { level: "error" },
    policy: { rules: { starter: starterRules } },
    approvals: { openPerCaller: 10_000 },
    auth: {
      callers: Object.fromEntries(names.map(([name, key]) => [name, { key: `env://${key}` }])),
    },
    servers: {
      bank: {
        transport: "http",
        url: `http://127.0.0.1:${server.port}/mcp`,
        private: true,
        labels: ["trusted"],
      },
    },
  };
  writeFileSync(path.join(directory, "countersign.yaml"), JSON.stringify(document));
  const keys = names.map(([, key], at) => [key, toKey(at)] as const);
  const child = spawn(process.execPath, [buildProgram(), "up", "--json"], {
    cwd: directory,
    env: { ...process.env, XDG_CONFIG_HOME: config, ...Object.fromEntries(keys) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { url } = (await readFirst(child, (line) => line["event"] === "ready")) as { url: string };
  const read = (role: string): string =>
    readFileSync(path.join(config, "countersign", `${role}.key`), "utf8").trim();
  await refresh(url, read("admin"));
  const [approver, pid] = [read("approver"), child.pid!];
  return {
    async ask(caller, payment) {
      const { result } = await call(url, caller, { payment });
      const outcome = result._meta?.["dev.countersign/outcome"];
      if (outcome?.outcome === "asks") return outcome;
      throw new Error(`nobody was asked: ${JSON.stringify(result)}`);
    },
    async hold(caller, payment) {
      const { result } = await call(url, caller, { payment, waitSeconds: 50 });
      return result.content[0]?.text ?? "";
    },
    async approve({ approval, digest }) {
      const response = await post(`${url}/v1/approvals/${approval}/decision`, approver, {
        body: { digest, word: "approved" },
      });
      if (!response.ok) throw new Error(`not approved: ${await response.text()}`);
      await response.text();
    },
    reached: server.reached,
    use: () => ({
      cpuMs: readCpuUs([pid]) / 1_000,
      postgresMs: (readPostgresCpuSeconds(findPostmaster(pid)) ?? 0) * 1_000,
      rssMb: readRss([pid]) / 1e6,
    }),
    async stop() {
      await Promise.all([end(child), server.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function startServer() {
  const program = path.join(import.meta.dirname, "effect-server.ts");
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  const reached = new Map<string, bigint>();
  const waiting = new Map<string, (atNs: bigint) => void>();
  const { port } = (await readFirst(child, (line) => {
    const { payment, atNs } = line as { payment?: string; atNs?: string };
    if (payment === undefined || atNs === undefined) return line["port"] !== undefined;
    reached.set(payment, BigInt(atNs));
    waiting.get(payment)?.(BigInt(atNs));
    return false;
  })) as { port: number };
  return {
    port,
    reached: (payment: string): Promise<bigint> =>
      new Promise((resolve) => {
        const known = reached.get(payment);
        if (known === undefined) waiting.set(payment, resolve);
        else resolve(known);
      }),
    stop: () => end(child),
  };
}

interface Calling {
  readonly payment: string;
  readonly waitSeconds?: number;
}

interface Called {
  readonly result: {
    readonly content: readonly { readonly text: string }[];
    readonly _meta?: {
      readonly "dev.countersign/outcome"?: Asked & { readonly outcome: string };
    };
  };
}

async function call(
  url: string,
  caller: number,
  { payment, waitSeconds }: Calling,
): Promise<Called> {
  const wait = waitSeconds === undefined ? {} : { "dev.countersign/wait": waitSeconds };
  const params = { name: tool, arguments: { payment }, _meta: { ...meta, ...wait } };
  const response = await post(`${url}/mcp`, toKey(caller), {
    headers: modernHeaders(tool),
    body: { jsonrpc: "2.0", id: 1, method: "tools/call", params },
  });
  const text = await response.text();
  const body = JSON.parse(text) as Called | { readonly result?: undefined };
  if (body.result !== undefined) return body;
  throw new Error(text);
}

interface Posting {
  readonly headers?: Record<string, string>;
  readonly body: object;
}

function post(url: string, key: string, { headers = {}, body }: Posting): Promise<Response> {
  const own = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return fetch(url, {
    method: "POST",
    headers: { ...headers, ...own },
    body: JSON.stringify(body),
  });
}

async function refresh(url: string, key: string): Promise<void> {
  const response = await post(`${url}/v1/servers/bank/refresh`, key, { body: {} });
  const { state } = (await response.json()) as { state?: string };
  if (state !== "ready") throw new Error(`the tool is not listed: ${state}`);
}

/** The first line that is wanted; those after it are looked at, too. */
function readFirst(
  child: ChildProcess,
  isWanted: (line: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("it ended before it was ready")));
    createInterface({ input: child.stdout! }).on("line", (text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      if (isWanted(line)) resolve(line);
    });
  });
}

/** The product's own child that is named so. */
function findPostmaster(parent: number): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim();
  const found = children
    .split(" ")
    .find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("postgres"));
  return Number(found);
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
