import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * A legacy server with one tool, `act`, that misbehaves as its argument says. What it does on a call
 * stands in the call itself, so that one test can have several of them.
 */
const mode = process.argv[2] ?? "";
const held: (() => void)[] = [];

function send(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}
const answer = (id: unknown, text: string): void =>
  send({ id, result: { content: [{ type: "text", text }] } });

const acts: Record<string, (id: unknown) => void> = {
  well: (id) => answer(id, "done"),
  garbage: (id) => {
    process.stdout.write("this is no message\n\u0000\u0001\n[]\n{}\n");
    answer(id, "done");
  },
  endless: () => process.stdout.write("x".repeat(400_000)),
  stranger: (id) => {
    answer(999_999, "for nobody");
    answer("no-such", "for nobody");
    answer(id, "done");
  },
  twice: (id) => {
    answer(id, "first");
    answer(id, "second");
  },
  // Two are held and answered the other way round.
  reverse: (id) => {
    held.push(() => answer(id, `answer to ${String(id)}`));
    if (held.length === 2) for (const say of held.toReversed()) say();
  },
  flood: (id) => {
    for (let count = 0; count < 3_000; count += 1)
      send({ method: "notifications/message", params: { level: "info", data: "x".repeat(100) } });
    answer(id, "done");
  },
  complain: (id) => {
    for (let count = 0; count < 2_000; count += 1) process.stderr.write(`${"y".repeat(500)}\n`);
    answer(id, "done");
  },
  exit: () => process.exit(3),
  environment: (id) => answer(id, JSON.stringify(process.env)),
  // Something of its own keeps the pipes open.
  child: (id) => {
    const inner = spawn("sleep", ["600"], { stdio: "inherit" });
    answer(id, String(inner.pid));
  },
};

if (mode === "dies-at-once") {
  process.stderr.write("there is no configuration\n");
  process.exit(1);
}
if (mode === "stays") process.on("SIGTERM", () => undefined);

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { id, method, params } = JSON.parse(line) as {
      id?: unknown;
      method?: string;
      params?: { arguments?: { how?: string } };
    };
    if (id === undefined) return;
    if (method === "initialize") {
      const serverInfo = { name: "hostile", version: "1" };
      const capabilities = { tools: {} };
      send({ id, result: { protocolVersion: "2025-11-25", capabilities, serverInfo } });
    } else if (method === "tools/list") {
      const tool = { name: "act", description: "Acts.", inputSchema: { type: "object" } };
      send({ id, result: { tools: [tool] } });
    } else if (method === "tools/call") acts[params?.arguments?.how ?? "well"]!(id);
    else send({ id, error: { code: -32_601, message: "no such method" } });
  })
  .on("close", () => {
    if (mode !== "stays") process.exit(0);
  });
if (mode === "stays") setInterval(() => undefined, 60_000);
