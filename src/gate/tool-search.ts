import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import { toCanonicalText } from "../model/index.ts";
import type { CatalogTool, CatalogToolset } from "../ports/catalog.ts";
import type { GateAnswer, GateRequest } from "../ports/gate.ts";

/** What stands in for a list that is too long for a model: three tools to find, read and call others. */
const findTool = {
  name: "find_tools",
  description:
    "Finds tools by words of their names and descriptions. Answers names and one line each; describe_tool gives the whole definition.",
  inputSchema: {
    type: "object",
    properties: {
      query: { type: "string", description: "Words to look for. Empty lists everything." },
      limit: { type: "integer", minimum: 1, maximum: 100, default: 20 },
      offset: { type: "integer", minimum: 0, default: 0 },
    },
    required: ["query"],
  },
  annotations: { readOnlyHint: true },
};
const describeTool = {
  name: "describe_tool",
  description: "Gives the whole definition of a tool, its arguments included.",
  inputSchema: {
    type: "object",
    properties: { name: { type: "string", description: "As find_tools gave it." } },
    required: ["name"],
  },
  annotations: { readOnlyHint: true },
};
const callTool = {
  name: "call_tool",
  description: "Calls a tool that find_tools gave, with arguments that describe_tool asks for.",
  inputSchema: {
    type: "object",
    properties: {
      name: { type: "string", description: "As find_tools gave it." },
      arguments: { type: "object", description: "Arguments of that tool.", default: {} },
    },
    required: ["name"],
  },
};

export const searchTools: readonly string[] = [findTool, describeTool, callTool].map((tool) =>
  JSON.stringify(tool),
);

/** An inner call passes the gate as if it had come by itself. */
export type Searched =
  | { readonly kind: "answer"; readonly answer: GateAnswer }
  | { readonly kind: "call"; readonly request: GateRequest };

/** Null for a request that is for none of the three. */
export function answerSearch(toolset: CatalogToolset, request: GateRequest): Searched | null {
  if (!toolset.search || request.method !== "tools/call") return null;
  const given = request.params["arguments"] ?? {};
  const args = isObject(given) ? given : {};
  switch (request.params["name"]) {
    case findTool.name:
      return { kind: "answer", answer: toText(find(toolset, args)) };
    case describeTool.name:
      return {
        kind: "answer",
        answer: toText(JSON.parse(known(toolset, args["name"]).text) as Json),
      };
    case callTool.name:
      return {
        kind: "call",
        request: toInner(request, known(toolset, args["name"]), args["arguments"]),
      };
    default:
      return null;
  }
}

/** A call of one tool by the request for another: what is about the client goes along. */
export function toInner(
  request: GateRequest,
  tool: CatalogTool,
  args: Json | undefined,
): GateRequest {
  const { inputResponses, requestState, _meta } = request.params;
  const kept = Object.entries({ inputResponses, requestState, _meta }).filter(
    ([, value]) => value !== undefined,
  );
  const inner = args ?? {};
  return {
    ...request,
    params: {
      ...(Object.fromEntries(kept) as GateRequest["params"]),
      name: tool.exposed,
      arguments: inner,
    },
    argumentsText: toCanonicalText(inner),
  };
}

function known(toolset: CatalogToolset, name: Json | undefined): CatalogTool {
  const tool = typeof name === "string" ? toolset.tools.get(name) : undefined;
  if (tool !== undefined) return tool;
  throw new RpcRefusal(rpcCodes.invalidParams, `Unknown tool: ${textOf(name).slice(0, 200)}`, {
    status: 200,
  });
}

/** Every word has to be there; words in the name weigh more than in the description. */
function find(toolset: CatalogToolset, args: Readonly<Record<string, Json>>): Json {
  const words = textOf(args["query"])
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "")
    .slice(0, 16);
  const offset = toCount(args["offset"], 0, Number.MAX_SAFE_INTEGER);
  const limit = Math.max(1, toCount(args["limit"], 20, 100));
  const found = [...toolset.tools.values()]
    .filter(({ blocked }) => blocked === null)
    .map((tool) => ({ tool, weight: weigh(tool, words) }))
    .filter(({ weight }) => weight >= 0)
    .sort((a, b) => b.weight - a.weight || (a.tool.exposed < b.tool.exposed ? -1 : 1));
  const page = found.slice(offset, offset + limit);
  const tools = page.map(({ tool }) => ({
    name: tool.exposed,
    description: toLine(tool.description),
  }));
  return {
    tools,
    total: found.length,
    next: offset + limit < found.length ? offset + limit : null,
  };
}

function weigh({ exposed, title, description }: CatalogTool, words: readonly string[]): number {
  const name = `${exposed} ${title ?? ""}`.toLowerCase();
  const text = description.toLowerCase();
  let weight = 0;
  for (const word of words) {
    if (name.includes(word)) weight += 3;
    else if (text.includes(word)) weight += 1;
    else return -1;
  }
  return weight;
}

const maxLine = 200;
function toLine(description: string): string {
  const [line = ""] = description.trim().split("\n");
  return line.length > maxLine ? `${line.slice(0, maxLine - 1)}…` : line;
}

function toCount(value: Json | undefined, fallback: number, max: number): number {
  return Number.isInteger(value) ? Math.min(max, Math.max(0, value as number)) : fallback;
}

function toText(value: Json): GateAnswer {
  const result = {
    resultType: "complete",
    content: [{ type: "text", text: JSON.stringify(value) }],
    structuredContent: value,
  };
  return { kind: "result", text: JSON.stringify(result), isError: false };
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
