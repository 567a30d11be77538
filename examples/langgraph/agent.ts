import type { AIMessage } from "@langchain/core/messages";
import { ToolMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ChatOpenAI } from "@langchain/openai";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

// One address and one key for both: tools at /mcp, models at /v1.
const url = process.env["COUNTERSIGN_URL"] ?? "http://127.0.0.1:7070";
const key = process.env["COUNTERSIGN_API_KEY"] ?? "";
const question = process.argv[2] ?? "How many bolts are left?";

const mcp = new Client({ name: "langgraph-example", version: "1.0.0" });
const requestInit = { headers: { authorization: `Bearer ${key}` } };
await mcp.connect(new StreamableHTTPClientTransport(new URL("/mcp", url), { requestInit }));
const { tools } = await mcp.listTools();

const model = new ChatOpenAI({
  model: "assistant",
  apiKey: key,
  maxTokens: 1_000,
  configuration: { baseURL: `${url}/v1` },
}).bindTools(
  tools.map(({ name, description = "", inputSchema }) => ({
    type: "function" as const,
    function: { name, description, parameters: inputSchema },
  })),
);

type State = typeof MessagesAnnotation.State;

async function think({ messages }: State) {
  return { messages: [await model.invoke(messages)] };
}

async function act({ messages }: State) {
  const { tool_calls: calls = [] } = messages.at(-1) as AIMessage;
  const results = calls.map(async ({ id = "", name, args }) => {
    // Policy, approvals, budgets and receipts hold for it as for any call. A no is a result, too.
    const { content, isError = false } = await mcp.callTool({ name, arguments: args });
    const text = content.map((part) => (part.type === "text" ? part.text : `[${part.type}]`));
    const status = isError ? ("error" as const) : ("success" as const);
    return new ToolMessage({ content: text.join("\n"), tool_call_id: id, name, status });
  });
  return { messages: await Promise.all(results) };
}

function next({ messages }: State): "act" | typeof END {
  const { tool_calls: calls = [] } = messages.at(-1) as AIMessage;
  return calls.length > 0 ? "act" : END;
}

const graph = new StateGraph(MessagesAnnotation)
  .addNode("think", think)
  .addNode("act", act)
  .addEdge(START, "think")
  .addConditionalEdges("think", next, ["act", END])
  .addEdge("act", "think")
  .compile();

const input = { messages: [{ role: "user", content: question }] };
let lastId: string | undefined;
for await (const [message, { langgraph_node: node }] of await graph.stream(input, {
  streamMode: "messages",
  recursionLimit: 12,
})) {
  if (node !== "think") continue;
  if (lastId !== undefined && message.id !== lastId) process.stdout.write("\n");
  lastId = message.id;
  process.stdout.write(message.text);
}
process.stdout.write("\n");
await mcp.close();
