import { createInterface } from "node:readline";

/** A legacy server that says its environment wherever it can say anything. */
const said = JSON.stringify(process.env);
const token = process.env["TOKEN"] ?? "";
/** Lines long enough that the value stands where a log line or a message would be cut. */
const complain = (): void => {
  const across = [480, 280].map((length) => "-".repeat(length) + token);
  process.stderr.write(`started with ${said}\n${token}\n${across.join("\n")}\n`);
};
const send = (message: object): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const names = ["look", "fail", "boom", "stray", "ask", "hang", "die"];

complain();
if (process.argv[2] === "end") process.exit(1);
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line) as {
    id?: number;
    method?: string;
    params?: { name?: string };
  };
  if (id === undefined || method === undefined) return;
  const result = toListed(method);
  if (result !== null) return send({ id, result });
  if (method !== "tools/call") return send({ id, error: { code: -32_601, message: token } });
  complain();
  send({ method: "notifications/message", params: { level: "info", data: said } });
  return answer(id, params?.name ?? "");
});

function answer(id: number, name: string): void {
  const content = [{ type: "text", text: said }];
  switch (name) {
    case "boom":
      return send({ id, error: { code: -32_050, message: `boom ${token}`, data: said } });
    case "stray":
      process.stdout.write(`no message: ${"-".repeat(170)}${token}\n`);
      return send({ id, result: { content } });
    case "ask":
      send({ id: "q1", method: "elicitation/create", params: toForm() });
      return;
    case "hang":
      return;
    case "die":
      process.exit(3);
      return;
    default:
      return send({ id, result: { content, isError: name === "fail" } });
  }
}

function toForm(): object {
  return { message: `Is it ${token}?`, requestedSchema: { type: "object", properties: {} } };
}

function toListed(method: string): object | null {
  if (method === "initialize") {
    return {
      protocolVersion: "2025-11-25",
      capabilities: { tools: {} },
      serverInfo: { name: "canary", version: token },
      instructions: said,
    };
  }
  if (method !== "tools/list") return null;
  return {
    tools: names.map((name) => ({
      name,
      description: `Does ${name}. ${token}`,
      inputSchema: { type: "object" },
    })),
  };
}
