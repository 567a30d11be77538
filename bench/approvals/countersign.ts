import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { starterRules } from "../../src/model/starter-rules.ts";
import type { Case, Contestant } from "./contestant.ts";
import { asked, wanted, type DefinitionName, type Payment } from "./payment.ts";

/** Of the caller, whose side asks; of the person, who is another one. */
type Role = "caller" | "approver" | "admin";

interface Answered {
  readonly status: number;
  readonly body: unknown;
}

interface Shown {
  readonly id: string;
  readonly digest: string;
  readonly args: Payment;
}

interface Called {
  readonly outcome: string;
  readonly result: {
    readonly content?: readonly { readonly text: string }[];
    readonly message?: string;
    readonly _meta?: { readonly "dev.countersign/outcome"?: Outcome };
  };
}

interface Outcome {
  readonly outcome: string;
  readonly approval?: string;
}

const root = path.resolve(import.meta.dirname, "../..");
const program = path.join(root, "bin/countersign.js");
const paying = { name: "bank__pay" };

/** The product with its starter rules, an MCP server that pays, and a database in Postgres. */
export function toCountersign(database: string): Contestant {
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
    version: string;
  };
  return {
    name: "Countersign",
    version,
    async open(directory) {
      const url = await createDatabase(
        database,
        path.basename(directory).toLowerCase().replaceAll(/\W/g, "_"),
      );
      writeConfiguration(directory);
      define(directory, "asked");
      return openCase(directory, url);
    },
    close: async () => {},
  };
}

async function openCase(directory: string, database: string): Promise<Case> {
  let server = await start(directory, database, 0);
  let shown: Shown | null = null;
  let amount = asked.cents;
  const call = async (role: Role = "caller"): Promise<string | null> => {
    const args = { to: asked.to, cents: amount };
    return toRefusal(await server.ask(role, "/v1/tools/call", { ...paying, arguments: args }));
  };
  const decide = async (role: Role | null): Promise<Answered> => {
    const { id, digest } = shown!;
    return server.ask(role, `/v1/approvals/${id}/decision`, { digest, word: "approved" });
  };
  const find = async (cents: number): Promise<Shown> => {
    const { body } = await server.ask("approver", "/v1/approvals?state=pending");
    const { approvals } = body as { approvals: readonly Shown[] };
    const found = approvals.find(({ args }) => args.cents === cents);
    if (found === undefined) throw new Error(`not shown: ${JSON.stringify(body)}`);
    return found;
  };
  const approve = async (): Promise<string | null> => {
    const { status, body } = await decide("approver");
    return status === 200 ? null : toFault(body);
  };
  return {
    async ask() {
      await call();
      shown = await find(amount);
      return shown.args;
    },
    approve,
    // Who asked asks again: the arguments come with each call, and the approval has to be theirs.
    resumeUnapproved: () => call(),
    async resume({ definition = "asked", laterMs = 0 } = {}) {
      define(directory, definition);
      if (definition !== "asked") await refresh(server);
      if (laterMs > 0) {
        await server.stop();
        server = await start(directory, database, laterMs);
      }
      return call();
    },
    resumeTwiceAtOnce: () => Promise.all([call(), call()]),
    async resumeFromBefore() {
      await query(database, putBack, [shown!.id]);
      return call();
    },
    /** A second question, for the amount that is wanted, and its row and that of the first made alike. */
    async tamper() {
      amount = wanted;
      await call();
      const other = await find(amount);
      await query(database, takeOver, [shown!.id, other.id]);
    },
    async approveAsRequester() {
      // With the key that asked, and with none: the requesting side has no other.
      const answers = [await decide("caller"), await decide(null)];
      const refused = answers.find(({ status }) => status !== 200);
      return (await call()) === null || refused === undefined ? null : toFault(refused.body);
    },
    close: () => server.stop(),
  };
}

/** The row of the first question becomes that of the other, and the other one gets the state of the first. */
const takeOver = `
  with first as (select * from countersign.approvals where id = $1),
       other as (select * from countersign.approvals where id = $2),
       forged as (
         update countersign.approvals a
         set state = first.state, verdicts = first.verdicts
         from first where a.id = $2)
  update countersign.approvals a set intent = other.intent from other where a.id = $1`;

/** All that says of the row that it was used. */
const putBack = `update countersign.approvals set state = 'approved', token = null where id = $1`;

function writeConfiguration(directory: string): void {
  const document = {
    version: 1,
    listen: "127.0.0.1:0",
    log: { level: "error" },
    store: { kind: "postgres", url: "env://BENCH_DATABASE" },
    policy: { rules: { starter: starterRules } },
    servers: {
      bank: {
        transport: "stdio",
        command: [process.execPath, path.join(import.meta.dirname, "pay-server.ts"), directory],
        sandbox: "none",
        effect: "write",
        labels: ["trusted"],
      },
    },
  };
  writeFileSync(path.join(directory, "countersign.yaml"), JSON.stringify(document));
}

function define(directory: string, definition: DefinitionName): void {
  writeFileSync(path.join(directory, "definition"), definition);
}

interface Server {
  ask(role: Role | null, where: string, body?: object): Promise<Answered>;
  stop(): Promise<void>;
}

async function start(directory: string, database: string, laterMs: number): Promise<Server> {
  const config = path.join(directory, "config");
  const clock = path.join(import.meta.dirname, "move-clock.ts");
  const child = spawn(process.execPath, ["--import", clock, program, "up", "--json"], {
    cwd: directory,
    env: {
      ...process.env,
      XDG_CONFIG_HOME: config,
      BENCH_DATABASE: database,
      BENCH_LATER_MS: String(laterMs),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await readUrl(child);
  const readKey = (role: Role): string =>
    readFileSync(path.join(config, "countersign", `${role}.key`), "utf8").trim();
  const server: Server = {
    async ask(role, where, body) {
      const response = await fetch(`${url}${where}`, {
        method: body === undefined ? "GET" : "POST",
        headers: {
          "content-type": "application/json",
          ...(role === null ? {} : { authorization: `Bearer ${readKey(role)}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    },
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
  await refresh(server);
  return server;
}

/** The tools are listed again now: what a server says by itself comes some time. */
async function refresh(server: Server): Promise<void> {
  const { status, body } = await server.ask("admin", "/v1/servers/bank/refresh", {});
  if (status !== 200 || (body as { readonly state: string }).state !== "ready")
    throw new Error(`the tool is not listed: ${JSON.stringify(body)}`);
}

async function readUrl(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const event = JSON.parse(line) as { event: string; url: string };
    if (event.event === "ready") {
      child.stdout!.resume();
      return event.url;
    }
  }
  throw new Error("countersign up ended before it was ready");
}

function toRefusal({ status, body }: Answered): string | null {
  if (status !== 200) return toFault(body);
  const { outcome, result } = body as Called;
  if (outcome === "answered") return null;
  const how = result._meta?.["dev.countersign/outcome"]?.outcome ?? outcome;
  return `${how}: ${result.content?.[0]?.text ?? result.message}`;
}

function toFault(body: unknown): string {
  const { error } = body as { error: { code: string; message: string } };
  return `${error.code}: ${error.message}`;
}

async function createDatabase(server: string, name: string): Promise<string> {
  await query(server, `create database ${name}`, []);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.toString();
}

async function query(database: string, text: string, values: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    await client.query(text, [...values]);
  } finally {
    await client.end();
  }
}
