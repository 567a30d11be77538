import { fsyncSync, openSync, writeSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createSeededRandom } from "../../src/ports/seeded-random.ts";
import { seed } from "../scale.ts";

/**
 * An MCP server that pays, in a process of its own: `node pay-server.ts FILE [PAUSE_MS]`. Each payment is
 * a line of the file, on disk before it is answered. On standard input it is told where to stand still;
 * with a pause it also takes its time, at most so long, before it writes and after it wrote.
 */
const descriptor = openSync(process.argv[2]!, "a");
const longestPauseMs = Number(process.argv[3] ?? 0);
const random = createSeededRandom(seed());

type Message = Record<string, unknown>;

interface Payment {
  readonly payment: string;
}

interface Stall {
  readonly at: "before" | "after";
  readonly over: Promise<void>;
  readonly release: () => void;
}

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** By the payment; the first one that comes there takes it. */
const stalls = new Map<string, Stall>();
const releases = new Map<string, () => void>();

createInterface({ input: process.stdin }).on("line", (line) => {
  const { stall, at, release } = JSON.parse(line) as Record<string, string>;
  if (release !== undefined) {
    stalls.delete(release);
    return releases.get(release)?.();
  }
  const held = Promise.withResolvers<void>();
  releases.set(stall!, held.resolve);
  stalls.set(stall!, { at: at as Stall["at"], over: held.promise, release: held.resolve });
  say({ armed: stall });
});

async function standStill(payment: string, at: Stall["at"]): Promise<void> {
  const stall = stalls.get(payment);
  if (stall?.at !== at) return;
  stalls.delete(payment);
  say({ stalled: payment });
  await stall.over;
}

async function pause(): Promise<void> {
  if (longestPauseMs > 0) await sleep(random.fraction() * longestPauseMs);
}

async function pay(payment: string, line: object): Promise<string> {
  await standStill(payment, "before");
  await pause();
  writeSync(descriptor, `${JSON.stringify(line)}\n`);
  fsyncSync(descriptor);
  await pause();
  await standStill(payment, "after");
  return `paid ${payment}`;
}

/** What was begun under a key is begun once; whoever brings it again gets the same answer. */
const begun = new Map<string, Promise<string>>();

function payOnce(payment: string, key: unknown): Promise<string> {
  if (typeof key !== "string") throw new Error("pay_keyed takes a key");
  const known = begun.get(key);
  if (known !== undefined) return known;
  const paying = pay(payment, { payment, key });
  begun.set(key, paying);
  return paying;
}

const schema = {
  type: "object",
  properties: { payment: { type: "string" }, asked: { type: "boolean" } },
  required: ["payment", "asked"],
};
const tools = [
  ...["pay", "pay_keyed"].map((name) => ({ name, description: name, inputSchema: schema })),
  {
    name: "ticket",
    description: "A name for payments, which nobody else is given.",
    inputSchema: { type: "object", properties: { kind: { type: "string" } }, required: ["kind"] },
  },
];
let tickets = 0;

async function takeTicket({ kind }: Message): Promise<string> {
  const ticket = `t${(tickets += 1)}`;
  await pause();
  return JSON.stringify({ ticket, kind });
}

async function toResult(message: Message): Promise<object | null> {
  const params = (message["params"] ?? {}) as Message;
  const complete = { resultType: "complete", ttlMs: 0, cacheScope: "private" };
  switch (message["method"]) {
    case "server/discover":
      return { ...complete, supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
    case "tools/list":
      return { ...complete, tools };
    case "tools/call": {
      if (params["name"] === "ticket") {
        const text = await takeTicket(params["arguments"] as Message);
        return { ...complete, content: [{ type: "text", text }] };
      }
      const { payment } = params["arguments"] as Payment;
      const key = (params["_meta"] as Message | undefined)?.["example.com/payment-key"];
      say({ came: payment, key: key ?? null, at: process.hrtime.bigint().toString() });
      const paid = params["name"] === "pay" ? pay(payment, { payment }) : payOnce(payment, key);
      return { ...complete, content: [{ type: "text", text: await paid }] };
    }
    default:
      return null;
  }
}

async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  if (incoming.method !== "POST") return void outgoing.writeHead(405).end();
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const message = JSON.parse(Buffer.concat(chunks).toString()) as Message;
  const { id } = message;
  if (id === undefined) return void outgoing.writeHead(202).end();
  const result = await toResult(message);
  const error = { code: -32_601, message: "no such method" };
  const body = { jsonrpc: "2.0", id, ...(result === null ? { error } : { result }) };
  outgoing.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

const server = createServer((incoming, outgoing) => {
  // Whoever asked may be dead by now.
  serve(incoming, outgoing).catch(() => outgoing.destroy());
});
server.listen(0, "127.0.0.1", () => say({ port: (server.address() as AddressInfo).port }));
