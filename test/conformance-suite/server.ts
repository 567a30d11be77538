import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { metaKeys } from "../../src/mcp/protocol.ts";
import { isObject, type RequestMessage } from "../../src/mcp/read-message.ts";
import { checkModernRequest } from "../../src/mcp/request-headers.ts";
import { RpcRefusal } from "../../src/mcp/rpc-error.ts";
import { legacyAsks, plainTools, prompts, readResource, resources, rounds } from "./content.ts";

type Json = Record<string, unknown>;
export type Era = "modern" | "legacy";

interface Request {
  readonly message: RequestMessage;
  readonly params: Json;
  readonly outgoing: ServerResponse;
}

/** What the official suite expects of a server, of one era, over streamable HTTP on loopback. */
export async function startConformanceServer(
  era: Era,
): Promise<{ readonly url: string; close(): void }> {
  const server = createConformance(era);
  const http = createServer((incoming, outgoing) => {
    const host = (incoming.headers.host ?? "").replace(/:\d+$/, "");
    const origin = incoming.headers.origin;
    const isLocal = /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(host);
    if (
      !isLocal ||
      (origin !== undefined &&
        !/^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(origin))
    ) {
      return void outgoing.writeHead(403).end();
    }
    return void server.serve(incoming, outgoing);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    close: () => {
      http.closeAllConnections();
      http.close();
    },
  };
}

function createConformance(era: Era) {
  const listening = new Set<(method: string, params: Json) => void>();
  const asked = new Map<string, (result: Json) => void>();
  let extraTools = 0;
  let extraPrompts = 0;
  let nextAsk = 1;
  let sessions = 0;

  function announce(method: string): void {
    for (const each of listening) each(method, {});
  }

  function send(outgoing: ServerResponse, message: object): void {
    if (!outgoing.headersSent) outgoing.writeHead(200, { "content-type": "text/event-stream" });
    outgoing.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`);
  }

  function toolList(): Json[] {
    const legacyOnly = [
      "test_sampling",
      "test_elicitation",
      "test_elicitation_sep1034_defaults",
      "test_elicitation_sep1330_enums",
    ];
    const modernOnly = [
      ...Object.keys(rounds).filter((each) => !each.endsWith("_prompt")),
      "test_missing_capability",
      "test_trigger_tool_change",
      "test_trigger_prompt_change",
      "test_streaming_elicitation",
      "test_logging_tool",
    ];
    const names = [
      ...Object.keys(plainTools),
      "test_tool_with_logging",
      "test_tool_with_progress",
      "test_reconnection",
      ...(era === "modern" ? modernOnly : legacyOnly),
    ];
    const extra = Array.from({ length: extraTools }, (_, index) => `test_dynamic_${index}`);
    return [...names, ...extra].map((each) => ({
      name: each,
      description: `The suite's ${each}.`,
      inputSchema: { type: "object" },
    }));
  }

  async function callTool({ params, outgoing }: Request): Promise<Json> {
    const name = String(params["name"]);
    const args = (params["arguments"] ?? {}) as Json;
    const meta = (params["_meta"] ?? {}) as Json;
    const plain = plainTools[name];
    if (plain !== undefined) return plain();
    if (name in rounds) return playRounds(name, params);
    switch (name) {
      case "test_tool_with_progress":
        for (const progress of [0, 50, 100]) {
          const token = meta["progressToken"];
          if (token !== undefined)
            send(outgoing, {
              method: "notifications/progress",
              params: { progressToken: token, progress, total: 100 },
            });
          await pause();
        }
        return { content: [{ type: "text", text: "done" }] };
      case "test_tool_with_logging":
      case "test_logging_tool":
        for (const said of [
          "Tool execution started",
          "Tool processing data",
          "Tool execution completed",
        ]) {
          const isWanted = era === "legacy" || meta[metaKeys.logLevel] !== undefined;
          if (isWanted)
            send(outgoing, {
              method: "notifications/message",
              params: { level: "info", data: said },
            });
          await pause();
        }
        return { content: [{ type: "text", text: "logged" }] };
      case "test_missing_capability":
        requireCapability(meta, "sampling");
        return { content: [{ type: "text", text: "it has the capability" }] };
      case "test_trigger_tool_change":
        extraTools += 1;
        announce("notifications/tools/list_changed");
        return { content: [{ type: "text", text: "changed" }] };
      case "test_trigger_prompt_change":
        extraPrompts += 1;
        announce("notifications/prompts/list_changed");
        return { content: [{ type: "text", text: "changed" }] };
      case "test_streaming_elicitation":
        return playRounds("test_input_required_result_elicitation", params);
      default:
        break;
    }
    const legacy = era === "legacy" ? legacyAsks[name] : undefined;
    if (legacy === undefined) throw new RpcRefusal(-32_602, `Unknown tool: ${name}`);
    const id = `ask-${nextAsk++}`;
    send(outgoing, { id, method: legacy.method, params: legacy.params(args) });
    const given = await new Promise<Json>((resolve) => asked.set(id, resolve));
    const said =
      legacy.method === "elicitation/create"
        ? `Elicitation completed: action=${String(given["action"])}, content=${JSON.stringify(given["content"] ?? {})}`
        : `LLM response: ${String((given["content"] as Json | undefined)?.["text"])}`;
    return { content: [{ type: "text", text: said }] };
  }

  async function answer(request: Request): Promise<Json> {
    const { message, params } = request;
    const hints = era === "modern" ? { ttlMs: 0, cacheScope: "public" } : {};
    switch (message.method) {
      case "server/discover":
        return {
          supportedVersions: ["2026-07-28"],
          capabilities,
          ...hints,
          _meta: { [metaKeys.serverInfo]: info },
        };
      case "initialize":
        if (era === "modern") break;
        return { protocolVersion: "2025-11-25", capabilities, serverInfo: info };
      case "ping":
      case "logging/setLevel":
      case "resources/subscribe":
      case "resources/unsubscribe":
        if (era === "legacy") return {};
        break;
      case "tools/list":
        return { tools: toolList(), ...hints };
      case "tools/call":
        return callTool(request);
      case "prompts/list": {
        const extra = Array.from({ length: extraPrompts }, (_, index) => ({
          name: `test_dynamic_${index}`,
          description: "One more.",
        }));
        const modern =
          era === "modern"
            ? [{ name: "test_input_required_result_prompt", description: "Asks first." }]
            : [];
        const listed = Object.entries(prompts).map(([name, each]) => ({
          name,
          description: `The suite's ${name}.`,
          ...(each.arguments === undefined ? {} : { arguments: each.arguments }),
        }));
        return { prompts: [...listed, ...modern, ...extra], ...hints };
      }
      case "prompts/get": {
        const name = String(params["name"]);
        if (name in rounds) return playRounds(name, params);
        const prompt = prompts[name];
        if (prompt === undefined) throw new RpcRefusal(-32_602, `Unknown prompt: ${name}`);
        const content = prompt.get((params["arguments"] ?? {}) as Json);
        return { messages: content.map((each) => ({ role: "user", content: each })) };
      }
      case "resources/list":
        return { resources, ...hints };
      case "resources/templates/list":
        return {
          resourceTemplates: [
            {
              uriTemplate: "test://template/{id}/data",
              name: "template",
              description: "By id.",
              mimeType: "application/json",
            },
          ],
          ...hints,
        };
      case "resources/read": {
        const uri = String(params["uri"]);
        const contents = readResource(uri);
        if (contents === null)
          throw new RpcRefusal(era === "modern" ? -32_602 : -32_002, "Resource not found", {
            status: 200,
            data: { uri },
          });
        return { contents: [contents], ...hints };
      }
      case "completion/complete":
        return { completion: { values: ["paris", "park", "party"], total: 150, hasMore: false } };
      default:
        break;
    }
    throw new RpcRefusal(-32_601, `Method not found: ${message.method}`, {
      status: era === "modern" ? 404 : 200,
    });
  }

  async function post(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Json;
    if (body["method"] === undefined)
      asked.get(String(body["id"]))?.((body["result"] ?? {}) as Json);
    if (body["id"] === undefined || body["method"] === undefined)
      return void outgoing.writeHead(202).end();
    const message = {
      kind: "request",
      params: {},
      argumentsText: null,
      ...body,
    } as unknown as RequestMessage;
    const params = message.params as Json;
    try {
      if (era === "modern") {
        checkModernRequest(
          message,
          (name) => (incoming.headers[name] as string | undefined) ?? null,
        );
        if (message.method === "subscriptions/listen") return listen(message, outgoing);
      }
      const result = await answer({ message, params, outgoing });
      const complete =
        era === "modern" && result["resultType"] === undefined
          ? { resultType: "complete", ...result }
          : result;
      end(
        outgoing,
        { id: message.id, result: complete },
        message.method === "initialize" ? { "mcp-session-id": `s${++sessions}` } : {},
      );
    } catch (error) {
      if (!(error instanceof RpcRefusal)) throw error;
      const { code, message: said, status } = error;
      // Of the versions that the check names, this server speaks one.
      const data =
        code === -32_022 ? { ...(error.data as Json), supported: ["2026-07-28"] } : error.data;
      end(
        outgoing,
        { id: message.id, error: { code, message: said, ...(data === undefined ? {} : { data }) } },
        {},
        era === "modern" ? status : 200,
      );
    }
  }

  function end(
    outgoing: ServerResponse,
    message: object,
    headers: Record<string, string> = {},
    status = 200,
  ): void {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    if (outgoing.headersSent) outgoing.end(`data: ${text}\n\n`);
    else outgoing.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
  }

  function listen({ id, params }: RequestMessage, outgoing: ServerResponse): void {
    const wanted = (params["notifications"] ?? {}) as Json;
    const meta = { [metaKeys.subscription]: id };
    const kinds: Record<string, string> = {
      "notifications/tools/list_changed": "toolsListChanged",
      "notifications/prompts/list_changed": "promptsListChanged",
      "notifications/resources/list_changed": "resourcesListChanged",
    };
    send(outgoing, {
      method: "notifications/subscriptions/acknowledged",
      params: { notifications: wanted, _meta: meta },
    });
    follow(outgoing, (method, given) => {
      if (wanted[kinds[method]!] === true)
        send(outgoing, { method, params: { ...given, _meta: meta } });
    });
  }

  function follow(outgoing: ServerResponse, tell: (method: string, params: Json) => void): void {
    listening.add(tell);
    outgoing.once("close", () => listening.delete(tell));
  }

  return {
    async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
      if (incoming.method === "POST") return post(incoming, outgoing);
      if (era === "modern" || incoming.method !== "GET") {
        return void outgoing
          .writeHead(era === "legacy" && incoming.method === "DELETE" ? 200 : 405, {
            allow: "POST",
          })
          .end();
      }
      outgoing.writeHead(200, { "content-type": "text/event-stream" });
      outgoing.flushHeaders();
      return follow(outgoing, (method, params) => send(outgoing, { method, params }));
    },
  };
}

const info = { name: "conformance", version: "1" };
const capabilities = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
  logging: {},
};

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

function requireCapability(meta: Json, name: string): void {
  const declared = meta[metaKeys.clientCapabilities];
  if (isObject(declared) && declared[name] !== undefined) return;
  throw new RpcRefusal(-32_021, `The client lacks ${name}.`, {
    data: { requiredCapabilities: { [name]: {} } },
  });
}

const key = "of the conformance server";

function sign(round: number): string {
  return `${round}.${createHmac("sha256", key).update(String(round)).digest("hex")}`;
}

function playRounds(name: string, params: Json): Json {
  const { rounds: all, hasState, end } = rounds[name]!;
  const state = params["requestState"];
  const round = typeof state === "string" ? Number(state.split(".")[0]) : 0;
  if (hasState && state !== undefined && state !== sign(round))
    throw new RpcRefusal(-32_602, "requestState was changed", { status: 200 });
  const given = isObject(params["inputResponses"]) ? (params["inputResponses"] as Json) : null;
  const wanted = askable(all[round]!, params);
  const isAnswered = given !== null && Object.keys(wanted).every((each) => isObject(given[each]));
  if (!isAnswered)
    return {
      resultType: "input_required",
      inputRequests: wanted,
      ...(hasState ? { requestState: sign(round) } : {}),
    };
  if (round + 1 < all.length)
    return {
      resultType: "input_required",
      inputRequests: askable(all[round + 1]!, params),
      requestState: sign(round + 1),
    };
  return end(given);
}

/** Of what a round asks, what this client said that it can be asked. */
function askable(asks: Json, params: Json): Json {
  const declared = ((params["_meta"] ?? {}) as Json)[metaKeys.clientCapabilities] as Json;
  const needs: Record<string, string> = {
    "elicitation/create": "elicitation",
    "sampling/createMessage": "sampling",
    "roots/list": "roots",
  };
  return Object.fromEntries(
    Object.entries(asks).filter(
      ([, each]) => declared[needs[(each as Json)["method"] as string]!] !== undefined,
    ),
  );
}
