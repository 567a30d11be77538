import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { definitions, pay, type DefinitionName } from "./payment.ts";

/** The tool as an MCP server over standard streams: `node pay-server.ts DIRECTORY`. */
const directory = process.argv[2]!;

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly arguments?: unknown };
}

/** Which definition it has now stands in a file, so that it can change while it runs. */
function readDefinition() {
  const name = readFileSync(path.join(directory, "definition"), "utf8") as DefinitionName;
  return definitions[name];
}

async function toResult({ method, params }: Message): Promise<object> {
  const { description, schema } = readDefinition();
  switch (method) {
    case "initialize":
      return {
        protocolVersion: "2025-06-18",
        capabilities: { tools: {} },
        serverInfo: { name: "bank", version: "1" },
      };
    case "tools/list":
      return {
        tools: [{ name: "pay", description, inputSchema: z.toJSONSchema(schema, { io: "input" }) }],
      };
    case "tools/call": {
      const text = await pay(directory, schema.parse(params?.arguments));
      return { content: [{ type: "text", text }] };
    }
    default:
      return {};
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line) as Message;
  const { id } = message;
  if (id === undefined) return;
  const answer = (rest: object) =>
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...rest })}\n`);
  toResult(message).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: { code: -32603, message: String(error) } }),
  );
});
