import type { Json } from "../lib/strict-json.ts";
import { isObject } from "../mcp/read-message.ts";
import { RpcRefusal, rpcCodes } from "../mcp/rpc-error.ts";
import { Fault, type Digest } from "../model/index.ts";
import {
  serverOfUri,
  type Catalog,
  type CatalogServer,
  type CatalogTool,
  type CatalogToolset,
} from "../ports/catalog.ts";
import type { GateRequest } from "../ports/gate.ts";
import { toTenantView } from "./tenant-view.ts";

/** What a request names, found in one catalog. */
export interface Resolved {
  readonly server: CatalogServer;
  readonly tool: CatalogTool | null;
  /** The server's own name, or the URI. */
  readonly target: string;
  readonly kind: "Tool" | "Prompt" | "Resource";
}

/** As the caller's tenant may see it. */
export function resolveToolset(
  catalog: Catalog,
  { toolset: name, principal }: Pick<GateRequest, "toolset" | "principal">,
): CatalogToolset {
  const toolset = catalog.toolsets.get(name);
  if (toolset === undefined) throw new Fault("not_found", "There is no such toolset.");
  return toTenantView(catalog, toolset, principal.tenant);
}

/** Names to a server and its own name. What is not offered here is unknown, wherever else it exists. */
export function resolve(catalog: Catalog, request: GateRequest): Resolved {
  const toolset = resolveToolset(catalog, request);
  const { params } = request;
  switch (request.method) {
    case "tools/call":
      return resolveTool(catalog, toolset, request);
    case "prompts/get":
      return resolvePrompt(catalog, toolset, nameOf(params["name"]));
    case "resources/read":
      return resolveResource(catalog, toolset, request);
    case "completion/complete":
      return resolveReference(catalog, toolset, request);
    default:
      throw new RpcRefusal(rpcCodes.methodNotFound, `There is no method ${request.method}.`, {
        status: 404,
      });
  }
}

function resolveTool(
  catalog: Catalog,
  toolset: CatalogToolset,
  { params, run }: GateRequest,
): Resolved {
  const name = nameOf(params["name"]);
  const tool = toolset.tools.get(name);
  if (tool === undefined) throw unknown("tool", name);
  if (tool.blocked !== null) {
    throw new Fault(
      "tool_blocked",
      `The definition of ${name} changed: ${tool.blocked.reasons[0] ?? "see its drift"}.`,
      {
        details: { tool: name, grade: tool.blocked.grade },
      },
    );
  }
  const pinned = run?.pin ?? null;
  if (pinned !== null && pinned !== tool.pin) throw toUnpinned(tool, pinned);
  return { server: serverOf(catalog, tool.server), tool, target: tool.name, kind: "Tool" };
}

/** I7: a run goes on with the tools that it began with, or without them. */
function toUnpinned({ exposed, pin }: CatalogTool, pinned: Digest): Fault {
  const message = `The run began with another definition of ${exposed}: ${pinned}. Accepted now is ${pin}.`;
  return new Fault("tool_blocked", message, { details: { tool: exposed, pinned, accepted: pin } });
}

function resolvePrompt(catalog: Catalog, toolset: CatalogToolset, name: string): Resolved {
  const prompt = toolset.prompts.get(name);
  if (prompt === undefined) throw unknown("prompt", name);
  return {
    server: serverOf(catalog, prompt.server),
    tool: null,
    target: prompt.name,
    kind: "Prompt",
  };
}

function resolveResource(
  catalog: Catalog,
  toolset: CatalogToolset,
  request: GateRequest,
): Resolved {
  const uri = nameOf(request.params["uri"], "uri");
  const server = serverOfUri(toolset, uri);
  if (server === null) throw notFound(request, uri);
  return { server: serverOf(catalog, server), tool: null, target: uri, kind: "Resource" };
}

function notFound({ client }: GateRequest, uri: string): RpcRefusal {
  const code = client.era === "modern" ? rpcCodes.invalidParams : rpcCodes.legacyResourceNotFound;
  return new RpcRefusal(code, "There is no such resource.", { status: 200, data: { uri } });
}

function resolveReference(
  catalog: Catalog,
  toolset: CatalogToolset,
  { params }: GateRequest,
): Resolved {
  const reference = params["ref"];
  if (isObject(reference) && reference["type"] === "ref/prompt") {
    return resolvePrompt(catalog, toolset, nameOf(reference["name"]));
  }
  if (isObject(reference) && reference["type"] === "ref/resource") {
    const uri = nameOf(reference["uri"], "uri");
    const template = toolset.templates.find((each) => each.template === uri);
    const server = template?.server ?? serverOfUri(toolset, uri);
    if (server !== null)
      return { server: serverOf(catalog, server), tool: null, target: uri, kind: "Resource" };
  }
  throw new RpcRefusal(
    rpcCodes.invalidParams,
    "ref names no prompt and no resource template of this toolset.",
    { status: 200 },
  );
}

function serverOf(catalog: Catalog, name: string): CatalogServer {
  const server = catalog.servers.get(name);
  if (server === undefined)
    throw new Error(`the catalog has definitions of ${name}, but no server`);
  return server;
}

function nameOf(value: Json | undefined, what = "name"): string {
  if (typeof value === "string" && value !== "" && value.length <= 8_192) return value;
  throw new RpcRefusal(rpcCodes.invalidParams, `params.${what} is a string.`, { status: 200 });
}

function unknown(what: string, name: string): RpcRefusal {
  return new RpcRefusal(rpcCodes.invalidParams, `Unknown ${what}: ${name.slice(0, 200)}`, {
    status: 200,
  });
}
