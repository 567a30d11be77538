import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { onTestFinished } from "vitest";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import type { TestPostgres } from "../postgres.ts";
import { createHome, type Home, type Up } from "./home.ts";
import { openSettleProxy, type SettleProxy } from "./settle-proxy.ts";

type Json = Record<string, unknown>;

export const callerKey = "a-key-of-the-caller-that-all-replicas-know";
/** The tools' own time: what is in doubt can be made again, or is told as unknown, after it. */
const shortMs = 1_000;

const rules = `@id("pay/all") @reason("Payments are possible.")
permit (principal, action, resource);
@id("pay/ask") @ask("A person looks at this one.") @approvers("role:approver")
forbid (principal, action in Action::"write", resource)
when { context.args has asked && context.args.asked }
unless { context.approval.granted };
`;

function toDocument(server: string, checkpoints: string, timeoutMs: number): object {
  const tool = { timeout: `${timeoutMs}ms` };
  return {
    version: 1,
    policy: { rules: { pay: rules } },
    store: { kind: "postgres", url: "env://DATABASE_URL" },
    auth: { callers: { payer: { key: "env://CALLER_KEY" } } },
    ledger: { checkpoints },
    servers: {
      bank: {
        transport: "http",
        url: server,
        private: true,
        labels: ["trusted"],
        tools: { pay: tool, pay_keyed: { ...tool, idempotencyKey: "example.com/payment-key" } },
      },
    },
  };
}

export interface PayServer {
  readonly url: string;
  /** What was paid, from its file: a payment stands there as often as it was made. */
  paid(): readonly { readonly payment: string; readonly key?: string }[];
  /** Payments as they arrived, done or not. */
  readonly came: readonly { readonly came: string; readonly key: string | null }[];
  /** The next time that it comes, it stands still there. */
  stall(
    payment: string,
    at: "before" | "after",
  ): Promise<{ readonly hit: Promise<void>; release(): void }>;
}

export async function startPayServer(directory: string, pauseMs = 0): Promise<PayServer> {
  const file = path.join(directory, "paid.jsonl");
  const program = new URL("pay-server.ts", import.meta.url).pathname;
  const argv = [program, file, String(pauseMs)];
  const child = spawn(process.execPath, argv, { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const came: { came: string; key: string | null }[] = [];
  const waiting = new Map<string, () => void>();
  const until = (line: string): Promise<void> =>
    new Promise((resolve) => void waiting.set(line, resolve));
  const port = await new Promise<number>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = JSON.parse(line) as Json;
      if (typeof said["port"] === "number") resolve(said["port"]);
      if (said["came"] !== undefined) came.push(said as unknown as (typeof came)[number]);
      for (const word of ["armed", "stalled"])
        if (said[word] !== undefined) waiting.get(`${word} ${said[word] as string}`)?.();
    });
  });
  const tell = (line: object): void => void child.stdin.write(`${JSON.stringify(line)}\n`);
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    came,
    paid: () =>
      readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as { payment: string; key?: string }),
    async stall(payment, at) {
      const [armed, hit] = [until(`armed ${payment}`), until(`stalled ${payment}`)];
      tell({ stall: payment, at });
      await armed;
      return { hit, release: () => tell({ release: payment }) };
    },
  };
}

/** One copy of the product, behind a proxy of its own; it can be killed and started again. */
export interface SettleReplica {
  readonly proxy: SettleProxy;
  /** Requests of clients that are not answered yet. */
  readonly underWay: { count: number };
  /** Null while it is down. */
  up(): Up | null;
  start(): Promise<void>;
  kill(): Promise<void>;
}

export interface SettleScene {
  readonly server: PayServer;
  readonly replicas: readonly SettleReplica[];
  readonly databaseUrl: string;
  /** REST, at any replica that is up. */
  tell(who: "admin" | "approver", where: string, body?: object): Promise<Told>;
}

interface Told {
  readonly status: number;
  readonly body: Json;
}

/** Replicas of one installation: one Postgres, one user's keys. */
export async function openSettleScene(
  postgres: TestPostgres,
  count: number,
  timeoutMs = shortMs,
): Promise<SettleScene> {
  const databaseUrl = await postgres.freshDatabase();
  const homes = Array.from({ length: count }, createHome);
  const [first] = homes;
  const server = await startPayServer(first!.directory);
  const document = toDocument(server.url, path.join(first!.directory, "checkpoints"), timeoutMs);
  const replicas: SettleReplica[] = [];
  for (const home of homes) {
    const proxy = await openSettleProxy(databaseUrl);
    onTestFinished(() => proxy.close());
    Object.assign(home.environment, {
      DATABASE_URL: proxy.url,
      CALLER_KEY: callerKey,
      XDG_CONFIG_HOME: first!.environment["XDG_CONFIG_HOME"],
    });
    writeFileSync(path.join(home.directory, "countersign.yaml"), JSON.stringify(document));
    const replica = createReplica(home, proxy, () => first!.key("admin"));
    await replica.start();
    replicas.push(replica);
  }
  const anyUp = (): Up => {
    const up = replicas.map((replica) => replica.up()).find((each) => each !== null);
    if (up === undefined) throw new Error("all replicas are down at this moment");
    return up;
  };
  return {
    server,
    replicas,
    databaseUrl,
    tell: async (who, where, body) => ask(`${anyUp().url}${where}`, first!.key(who), body),
  };
}

function createReplica(home: Home, proxy: SettleProxy, toKey: () => string): SettleReplica {
  let up: Up | null = null;
  return {
    proxy,
    underWay: { count: 0 },
    up: () => up,
    async start() {
      const started = await home.up();
      await untilListed(started.url, toKey());
      up = started;
    },
    async kill() {
      const { kill, ended } = up!;
      up = null;
      kill("SIGKILL");
      await ended;
    },
  };
}

async function ask(url: string, key: string, body?: object): Promise<Told> {
  const response = await fetch(url, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

async function untilListed(url: string, key: string): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    const { body } = await ask(`${url}/v1/servers`, key);
    if ((body["servers"] as { state: string }[]).every(({ state }) => state === "ready")) return;
    await systemClock.sleep(25);
  }
  throw new Error("the tools were not listed");
}

/** Calls of which nobody knows how they ended, page by page. */
export async function listCalls(scene: SettleScene): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let after = ""; ;) {
    const { body } = await scene.tell("admin", `/v1/calls${after}`);
    for (const { id } of body["calls"] as { id: string }[]) found.add(id);
    if (body["next"] === null) return found;
    after = `?after=${body["next"] as string}`;
  }
}

export interface LedgerOfCall {
  readonly intent: string;
  readonly outcomes: readonly string[];
  /** Why the outcomes are as they are. */
  readonly reasons: readonly string[];
  readonly resolutions: readonly string[];
  readonly approval: string | null;
}

/** What the entries in the store say of each intent, and the approval that its row has. */
export async function readLedger(connectionString: string): Promise<readonly LedgerOfCall[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ entry: Json }>(
      `select convert_from(bytes, 'UTF8')::json as entry from countersign.entries order by cursor`,
    );
    const calls = await client.query<{ id: string; approval: string | null }>(
      `select id, approval from countersign.calls`,
    );
    const approvals = new Map(calls.rows.map(({ id, approval }) => [id, approval]));
    const entries = rows.map(({ entry }) => entry);
    const of = (kind: string, id: unknown, member = "outcome"): readonly string[] =>
      entries
        .filter((entry) => entry["kind"] === kind && entry["of"] === id)
        .map((entry) => String(entry[member]));
    return entries
      .filter(({ kind }) => kind === "intent")
      .map(({ id }) => ({
        intent: String(id),
        outcomes: of("outcome", id),
        reasons: of("outcome", id, "reason"),
        resolutions: of("resolution", id),
        approval: approvals.get(String(id)) ?? null,
      }));
  } finally {
    await client.end();
  }
}
