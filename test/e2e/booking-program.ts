import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * A server over standard streams whose effects are lines of a file: `node booking-program.ts FILE`.
 * `book` answers; `book_and_die` ends the program once the effect is done, before it has answered.
 */
const [file = ""] = process.argv.slice(2);

type Message = Record<string, unknown>;

const inputSchema = {
  type: "object",
  properties: { flight: { type: "string" }, seats: { type: "integer", default: 1 } },
  required: ["flight"],
};

function answer({ method, params }: Message): object {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: "2025-11-25",
        capabilities: { tools: {} },
        serverInfo: { name: "booking", version: "1" },
      };
    case "tools/list":
      return {
        tools: ["book", "book_and_die"].map((name) => ({
          name,
          description: "Books seats on a flight.",
          inputSchema,
        })),
      };
    case "tools/call": {
      const { name, arguments: args } = params as { name: string; arguments: Message };
      appendFileSync(file, `${JSON.stringify(args)}\n`);
      if (name === "book_and_die") process.exit(1);
      return { content: [{ type: "text", text: `booked ${String(args["flight"])}` }] };
    }
    default:
      return {};
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line) as Message;
  const { id } = message;
  if (id === undefined || message["method"] === undefined) return;
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result: answer(message) })}\n`);
});
